"""Record the README's tour of the lab: ``python docs/images/record_lab.py ADDRESS``.

It needs Playwright and Chromium, Pillow, and a lab that runs at ADDRESS.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

SIZE = {"width": 1240, "height": 900}
WIDTH = 880  # of the picture
LIMIT = 900_000  # bytes
STROKES = [[(0.32, 0.28), (0.68, 0.28), (0.56, 0.5), (0.46, 0.78)], [(0.38, 0.52), (0.66, 0.52)]]


def tour(page: Page, keep: Callable[[int], None]) -> None:
    """Draw a seven, walk back from the loss to the first layer, look at the mistakes."""
    box = page.locator("canvas.pad").bounding_box()
    assert box is not None
    for stroke in STROKES:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for start, end in pairwise(places):
            for share in (0.25, 0.5, 0.75, 1):
                page.mouse.move(*(a + share * (b - a) for a, b in zip(start, end, strict=True)))
                page.wait_for_timeout(120)
                keep(120)
        page.mouse.up()
    page.wait_for_timeout(300)
    keep(1400)
    page.get_by_role("link", name="Backwards").click()
    page.get_by_role("button", name="The same drawing in").click()
    page.get_by_label("Predict first").uncheck(force=True)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(5, 400)  # where nothing is explained
    page.wait_for_timeout(500)
    keep(900)
    for step in range(2, 9):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(700)  # an array is carried to its next place
        keep(1100 if step in (5, 6, 8) else 350)
    page.evaluate("window.scrollTo(0, 0)")
    page.get_by_role("link", name="Mistakes").click()
    page.locator(".matrix").wait_for()
    page.mouse.move(5, 400)
    page.wait_for_timeout(500)
    keep(1900)


def main() -> None:
    """Record the tour and write it beside this file."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(f"{sys.argv[1]}#/draw?digit=none")
        page.locator("canvas.pad").wait_for()
        page.wait_for_timeout(500)

        def keep(milliseconds: int) -> None:
            frame = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            height = frame.height * WIDTH // frame.width
            frames.append(frame.resize((WIDTH, height), Image.Resampling.LANCZOS))
            durations.append(milliseconds)

        keep(500)
        tour(page, keep)
        browser.close()
    path = Path(__file__).with_name("lab.webp")
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=80,
        method=6,
    )
    size = path.stat().st_size
    print(f"{path}: {len(frames)} frames, {sum(durations) / 1000:.1f} s, {size:,} bytes")
    assert size <= LIMIT


if __name__ == "__main__":
    main()
