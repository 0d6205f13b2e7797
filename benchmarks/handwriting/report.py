"""The results: counts, aims, a table, and sheets of examples."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.handwriting.scenes import EVERY
from benchmarks.tables import table

OF_PLAIN = 0.95  # of what is read right on the plain sheet
ABOVE_BARE = 0.01  # wrong and sure: at most so much above the model on the bare images
EXAMPLES, COLUMNS, CELL = 12, 4, 260


def counts(records):
    """Return what became of the pictures of a scene."""
    return {
        "pictures": len(records),
        "right": sum(record.right for record in records),
        "right_and_not_doubted": sum(record.right and not record.doubted for record in records),
        "doubted": sum(record.doubted for record in records),
        "refused": sum(bool(record.answer.refused) for record in records),
        "wrong_and_sure": sum(record.wrong_and_sure for record in records),
        "milliseconds": float(np.median([record.milliseconds for record in records])),
        "crashes": sorted(
            {r.answer.refused for r in records if r.answer.refused.startswith("crashed")}
        ),
    }


def judged(scene, found, plain, bare):
    """Return the aims of a scene, and whether each is met.

    A number of k digits is right if all are: it is held to the plain sheet's share to the power k,
    and may be wrong and sure k times as often as one digit.
    """
    kind = EVERY[scene]
    if kind.reported:
        return []
    if not kind.digits:
        return [_aim("wrong_and_sure", found, 0.0)]
    sure = kind.digits * bare["wrong_and_sure"] / bare["images"] + ABOVE_BARE
    aims = [_aim("wrong_and_sure", found, sure)]
    if not kind.turned and plain is not None:
        share = OF_PLAIN * (plain["right"] / plain["pictures"]) ** kind.digits
        aims.insert(0, _aim("right", found, share))
    return aims


def _aim(what, found, limit):
    share = found[what] / found["pictures"]
    met = share >= limit - 1e-9 if what == "right" else share <= limit + 1e-9
    return {"what": what, "limit": limit, "share": share, "met": met}


HEADS = ("scene", "pictures", "right", "right, not doubted", "doubted", "refused",
         "wrong and sure", "ms", "aim: right", "aim: wrong and sure", "")  # fmt: skip


def document(results):
    """Return the table of the scenes as Markdown, and what stands below it."""
    rows = [_row(name, scene) for name, scene in results["scenes"].items()]
    every = [aim for scene in results["scenes"].values() for aim in scene["aims"]]
    parts = [bare_text(results)] if "bare" in results else []
    parts.append(table(HEADS, rows))
    if every:
        parts.append(f"{sum(aim['met'] for aim in every)} of {len(every)} aims met.")
    crashes = [
        f"- {name}: {crash}"
        for name, scene in results["scenes"].items()
        for crash in scene["crashes"]
    ]
    parts += ["\n".join(crashes)] if crashes else []
    return "\n\n".join(parts) + "\n"


def bare_text(results):
    """Return in words how the model does on the bare images."""
    texts = []
    for name, found in results["bare"].items():
        right, sure = (found[key] / found["images"] for key in ("right", "wrong_and_sure"))
        texts.append(f"{name}: {right:.2%} right, {sure:.2%} wrong and sure")
    return f"The same model on bare images: {'; '.join(texts)}."


def _row(name, scene):
    def share(key):
        return f"{scene[key] / scene['pictures']:.1%}"

    digits = EVERY[name].digits
    limits = {aim["what"]: aim["limit"] for aim in scene["aims"]}
    if scene["aims"]:
        met = "met" if all(aim["met"] for aim in scene["aims"]) else "**missed**"
    else:
        met = "reported"
    return [
        name,
        f"{scene['pictures']:,}",
        share("right") if digits else "",
        share("right_and_not_doubted") if digits else "",
        share("doubted"),
        share("refused"),
        share("wrong_and_sure"),
        f"{scene['milliseconds']:.0f}",
        f"{limits['right']:.1%}" if "right" in limits else "",
        f"{limits['wrong_and_sure']:.1%}" if "wrong_and_sure" in limits else "",
        met,
    ]


def said(record):
    """Return in few words what was said of a picture."""
    answer = record.answer
    if answer.refused:
        return "refused"
    doubt = " ?" if answer.doubts else ""
    wrong = "" if answer.text == record.truth else f" (is {record.truth or 'none'})"
    return f"{answer.text} {answer.probability:.0%}{doubt}{wrong}"


def contact_sheet(records):
    """Return an image of some pictures with the answer under each."""
    rows = -(-len(records) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * CELL, rows * CELL), (120, 120, 120))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for place, record in enumerate(records):
        left, top = place % COLUMNS * CELL, place // COLUMNS * CELL
        sheet.paste(Image.fromarray(record.thumbnail), (left + 2, top + 20))
        draw.text((left + 4, top + 1), f"{record.index}: {said(record)}", "white", font)
    return sheet


def write_contact_sheets(folder, name, records):
    """Write one of the first examples, and one of the first that failed."""
    folder.mkdir(exist_ok=True)
    contact_sheet(records[:EXAMPLES]).save(folder / f"{name}.png")
    digits = EVERY[name].digits
    bad = [r for r in records if not (r.right if digits else r.answer.refused or r.doubted)]
    failures = folder / f"{name}-failures.png"
    failures.unlink(missing_ok=True)
    if bad:
        contact_sheet(bad[: 2 * EXAMPLES]).save(failures)
