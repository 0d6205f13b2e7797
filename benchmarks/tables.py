"""The results as Markdown."""

from itertools import groupby

from benchmarks.peers import PEERS

EXPLANATION = """\
Median of {repeats} runs, each in a process of its own, interleaved. Bold: a peer at its best number
of threads. "Of Chainrule" is a median over that of Chainrule at its best: more than 1 is slower.
Seconds run from drawing the first order to the last update; "prepared" is what compiling and
warming up took before them. "Cores" is the CPU time over the time. Accuracy is that of the test
images after the last epoch, median over the seeds; an exclamation mark means that it is farther
from Chainrule's than the seeds are from each other. A star: own batches instead of Chainrule's."""


def label_of(peer):
    """Return what tables call a peer."""
    return PEERS[peer].label if peer in PEERS else peer


def number(value):
    """Return three significant digits, whole numbers from 100 up."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(heads, rows):
    """Return a Markdown table, numbers to the right."""
    text = [f"| {' | '.join(heads)} |", f"|:--{'|--:' * (len(heads) - 1)}|"]
    return "\n".join(text + [f"| {' | '.join(row)} |" for row in rows])


def document(results):
    """Return the whole document for what stands in results.json."""
    environment, lines = results["environment"], results["lines"]
    parts = ["# Benchmark", EXPLANATION.format(repeats=results["settings"]["repeats"])]
    parts.append(table(("environment", ""), [(k, str(v)) for k, v in environment.items()]))
    parts.append(table(("setting", ""), [(k, str(v)) for k, v in results["settings"].items()]))
    if results["skipped"]:
        rows = list(results["skipped"].items())
        parts += ["## Skipped", table(("peer", "why"), [(label_of(k), v) for k, v in rows])]
    parts += ["## Targets", targets_table(results["targets"])]
    for row, group in groupby(lines, key=lambda line: line["row"]):
        parts.append(f"## {row}")
        for case, peers in groupby(group, key=lambda line: line["case"]):
            peers = list(peers)
            parts.append(f"### {case}")
            parts += [work_of(line["work"]) for line in peers[:1] if line["work"]]
            parts.append(case_table(peers))
            parts += [operations_table(line) for line in peers if "operations" in line]
    return "\n\n".join(parts) + "\n"


def work_of(work):
    """Return what is trained, in a sentence."""
    epochs = "1 epoch" if work["epochs"] == 1 else f"{work['epochs']} epochs"
    return (
        f"{work['images']:,} images, {epochs}, batches of {work['batch_size']:,}, hidden layers "
        f"of {', '.join(map(str, work['hidden']))} units, learning rate {work['learning_rate']:g}."
    )


def case_table(lines):
    """Return the table of a case, quickest first, with the columns that were measured."""
    unit = lines[0]["unit"]
    lines = sorted(lines, key=lambda line: line.get("median", float("inf")))
    optional = {
        "later_seconds": ("to 97.5 %, s", lambda line: number(line["later_seconds"])),
        "prepare_seconds": ("prepared, s", lambda line: f"{line['prepare_seconds']:.1f}"),
        "cores": ("cores", lambda line: f"{line['cores']:.1f}"),
        "ratio": ("of Chainrule", lambda line: f"{line['ratio']:.2f}"),
        "accuracy": ("accuracy", accuracy),
    }
    shown = [name for name in optional if any(name in line for line in lines)]
    heads = ["", "threads", f"median, {unit}", "min to max", *(optional[n][0] for n in shown)]
    rows = []
    for line in lines:
        cells = [label_of(line["peer"]), str(line["threads"])]
        if line["peer"] in PEERS and not PEERS[line["peer"]].same_batches and "accuracy" in line:
            cells[0] += " *"
        if "median" not in line:
            cells += [f"failed: {line['failed']}".replace("|", "/"), ""] + [""] * len(shown)
        else:
            median = number(line["median"])
            cells.append(f"**{median}**" if line["best"] else median)
            cells.append(f"{number(line['min'])} to {number(line['max'])}")
            cells += [optional[name][1](line) if name in line else "" for name in shown]
        rows.append(cells)
    return table(heads, rows)


def accuracy(line):
    """Return the accuracy of a line, with an exclamation mark where it is suspicious."""
    return f"{line['accuracy']:.2%}" + (" !" if line.get("suspicious") else "")


def operations_table(line):
    """Return where the time of a step goes."""
    rows = [
        [
            operation["name"],
            number(operation["median"]),
            "" if operation["least"] is None else number(operation["least"]),
            "" if operation["floor"] is None else number(operation["floor"]),
            f"{operation['median'] / line['median']:.0%}",
        ]
        for operation in line["operations"]
    ]
    rows.append(["whole step", number(line["median"]), "", "", "100%"])
    heads = (f"BLAS threads: {line['threads']}, µs", "median", "least", "products alone", "share")
    return table(heads, rows)


def targets_table(targets):
    """Return each target with what was reached."""
    words = {True: "met", False: "not met", None: "not measured"}
    rows = []
    for target in targets:
        unit = target["unit"]
        value = "" if target["value"] is None else f"{number(target['value'])}{unit}"
        limit = f"at most {target['target']:g}{unit}"
        rows.append([target["what"], limit, value, words[target["met"]]])
    return table(("Chainrule", "target", "reached", ""), rows)
