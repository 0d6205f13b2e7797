import re
from html.parser import HTMLParser

import pytest
from hand_made import metrics_of, run_of, save_picture

from chainrule.experiments.report import write_report
from chainrule.experiments.words import result_of

RUNS = [run_of("adam", s, t, val=0.95, rate=0.001) for s, t in enumerate((0.9712, 0.9734, 0.9751))]
RUNS += [run_of("sgd", s, t, val=0.93) for s, t in enumerate((0.9603, 0.9645, 0.9632))]
VOID = {"meta", "img", "br", "hr", "link", "input", "line", "circle"}


class Page(HTMLParser):
    """What a page loads, shows and says."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.sentences = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script", "title"} & set(self.open):
            self.sentences.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.sentences).split())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def page_of(written):
    def make(metrics, **how):
        return Page(write_report(written(metrics, **how)).read_text("utf-8"))

    return make


FIGURES = (
    "samples", "training_comparison", "predictions", "mistakes", "curves_with_bands",
    "distorted", "accuracy_by_learning_rate", *(f"{kind}_{run['lane']}" for run in RUNS
    for kind in ("confusion", "first_layer")),
)  # fmt: skip


def test_the_page_loads_nothing_and_runs_nothing(page_of, tmp_path):
    page = page_of(metrics_of(RUNS), figures=FIGURES)
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            assert attributes.get(name, "data:").startswith("data:image/png;base64,") or (
                name not in attributes
            )
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    text = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_every_figure_is_there_with_its_own_alt_text_and_a_caption(page_of):
    page = page_of(metrics_of(RUNS), figures=FIGURES)
    assert sorted(image["alt"] for image in page.all("img")) == sorted(
        f"The words for {name}." for name in FIGURES
    )
    assert all((image["width"], image["height"]) == ("30", "20") for image in page.all("img"))
    assert len(page.all("figcaption")) == len(FIGURES)


def test_a_figure_that_is_not_there_is_left_out(page_of):
    assert page_of(metrics_of(RUNS), figures=()).all("img") == []


def test_the_first_sentence_is_the_result(page_of):
    metrics = metrics_of(RUNS)
    page = page_of(metrics)
    heading = page.text[page.text.index("On MNIST,") :]
    assert re.sub(" ?: ", ": ", heading).startswith(str(result_of(metrics)))


def test_every_number_of_the_tables_is_that_of_metrics_json(page_of):
    page = page_of(metrics_of(RUNS))
    for run in RUNS:
        cells = (
            f"{run['lane']} {run['test_accuracy']:.2%} {run['test_loss']:.4f} "
            f"{run['val_accuracy']:.2%} {run['train_seconds']:.1f} {run['learning_rate']:g} "
            f"{run['batch_size']} {run['seed']} {run['parameters_sha256'][:8]}"
        )
        assert cells in page.text
    assert "Adam 0.001 97.32% 97.12% to 97.51% 95.00% 3 64 1.5" in page.text
    assert "SGD 0.1 96.27% 96.03% to 96.45% 93.00% 3 64 1.5" in page.text
    assert "12,345 images" in page.text
    assert "10,000 test images" in page.text


def test_the_table_has_a_row_for_each_rate_and_batch_size_and_marks_the_chosen(page_of):
    runs = [
        run_of("adam", 0, 0.95, val=0.94, rate=rate, batch=batch)
        for rate, batch in ((0.1, 32), (0.1, 64), (0.2, 32))
    ]
    runs[1]["val_accuracy"] = 0.96
    page = page_of(metrics_of(runs))
    assert "Adam 0.1 95.00% 94.00% 1 32 1.5 Adam chosen 0.1 95.00% 96.00% 1 64 1.5" in page.text
    assert len([row for row in page.all("tr") if row.get("class") == "chosen"]) == 1


def test_the_comparison_shows_each_seed_and_the_interval(page_of):
    page = page_of(metrics_of(RUNS))
    assert "Points +1.09 +0.89 +1.19 +1.06 +0.68 to +1.44" in page.text
    (drawing,) = page.all("svg")
    assert "+0.68 to +1.44 points" in drawing["aria-label"]


def test_one_seed_has_no_comparison(page_of):
    page = page_of(metrics_of([RUNS[0], RUNS[3]]))
    assert page.all("svg") == []
    assert "t-interval" not in page.text


def test_what_diverged_says_where(page_of):
    runs = [RUNS[0], run_of("sgd", 0, None, rate=1e20, diverged=True)]
    page = page_of(metrics_of(runs))
    assert "sgd-lr1e+20-b64-seed0 1e+20 1 7 layer 2, Dense(256, 128)" in page.text


def test_where_everything_diverged_there_is_still_a_page(page_of):
    page = page_of(metrics_of([run_of("sgd", 0, None, diverged=True)]))
    assert "every run diverged" in page.text


def test_settings_hashes_and_environment_stand_there(page_of):
    metrics = metrics_of(RUNS)
    page = page_of(metrics)
    for value in (*metrics["data"]["sha256"], *metrics["data"]["sha256"].values()):
        assert value in page.text
    for value in metrics["environment"].values():
        assert str(value) in page.text
    assert "6-5-3" in page.text  # from the model
    assert "0.1307" in page.text


def test_a_hostile_name_stays_text(page_of):
    name = "<script>alert(1)</script>\"'&{{ 7 * 7 }}"
    page = page_of(metrics_of(RUNS, mnist=False, data=name), title=name)
    assert page.all("script") == []
    assert name in page.text
    assert name in page.all("meta")[4]["content"]  # the description


def test_a_hostile_alt_text_stays_text(written):
    folder = written(metrics_of(RUNS), figures=())
    save_picture(folder / "figures" / "samples.png", '"><script>alert(1)</script>')
    page = Page(write_report(folder).read_text("utf-8"))
    assert page.all("script") == []
    assert page.all("img")[0]["alt"] == '"><script>alert(1)</script>'


def test_the_sample_is_said_not_to_be_mnist(page_of):
    page = page_of(metrics_of(RUNS, source="sample", mnist=False, test=1_000))
    assert "This is not MNIST." in page.text
    assert "not an MNIST accuracy" in page.text
    assert "1,000 test images" in page.text


def test_runs_that_are_missing_are_counted(page_of):
    metrics = metrics_of(RUNS[:-1])
    assert "5 of 6 runs are here" in page_of(metrics).text


def test_written_again_it_has_the_same_bytes(written):
    folder = written(metrics_of(RUNS), figures=FIGURES)
    first = write_report(folder).read_bytes()
    moved = folder.rename(folder.with_name("moved"))
    assert write_report(moved).read_bytes() == first
    (moved / "report.html").unlink()
    assert write_report(moved).read_bytes() == first
    assert sorted(path.name for path in moved.iterdir()) == [
        "figures", "metrics.json", "models", "report.html",
    ]  # fmt: skip


def test_light_dark_phone_and_paper_have_their_styles(page_of, tmp_path):
    page_of(metrics_of(RUNS))
    text = (tmp_path / "run" / "report.html").read_text("utf-8")
    for words in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem", "width=device"):
        assert words in text
