"""Record the README's tours of the lab: ``python docs/images/record_lab.py ADDRESS``.

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

WIDTH = 880  # of the picture
LIMIT = 900_000  # bytes
STROKES = [[(0.32, 0.28), (0.68, 0.28), (0.56, 0.5), (0.46, 0.78)], [(0.38, 0.52), (0.66, 0.52)]]


def learn(page: Page, keep: Callable[[int], None]) -> None:
    """Train SGD and Adam, rewind, and let SGD go on with ten times its rate."""
    page.locator(".where", has_text="Step 0 ").wait_for()
    rest(page)
    keep(900)
    for step in (5, 10, 20, 40, 60, 90, 120, 160, 200, 250, 300, 360, 420, 500, 580):
        show(page, step, forward=True)
        keep(130)
    keep(500)
    for step in (540, 480, 400, 320, 260, 200):
        show(page, step)
        keep(120)
    keep(500)
    page.get_by_label("Rate of SGD", exact=True).fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="step 200: SGD at 0.5").wait_for()
    page.evaluate("document.activeElement.blur()")
    rest(page)
    keep(700)
    for step in (202, 204, 206, 210, 215, 225, 240, 260, 290, 330, 380, 440):
        show(page, step, forward=True)
        keep(130)
    keep(1300)


def show(page: Page, step: int, *, forward: bool = False) -> None:
    """Go to a step: by the address where it is new, else by the line under the curves."""
    if forward:
        page.evaluate(
            "(step) => { location.hash = location.hash.replace(/&moment=[0-9]+|$/, "
            "`&moment=${step}`); }",
            step,
        )
    else:
        page.locator(".timeline").fill(str(step))
    page.locator(".where", has_text=f"Step {step} ").wait_for()
    rest(page)


def rest(page: Page) -> None:
    """Wait until nothing is computed."""
    page.wait_for_timeout(100)
    page.locator(".stage[aria-busy=false]").wait_for()


def walk(page: Page, keep: Callable[[int], None]) -> None:
    """Draw a seven, walk back from the loss to the first layer, look at the mistakes."""
    keep(500)
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


# Name -> where it begins, how high the window is, and what is done there.
TOURS = {
    "learn": ("#/learn?run=0_16-16_64_sgd-0.05_adam-0.0005&digit=7", 760, learn),
    "backwards": ("#/draw?digit=none", 900, walk),
}


def main() -> None:
    """Record each tour and write it beside this file."""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, (start, height, tour) in TOURS.items():
            size = {"width": 1240, "height": height}
            page = browser.new_page(viewport=size, color_scheme="light")
            page.goto(f"{sys.argv[1]}{start}")
            page.wait_for_load_state("networkidle")
            record(page, tour, Path(__file__).with_name(f"{name}.webp"))
            page.close()
        browser.close()


def record(page: Page, tour: Callable[..., None], path: Path) -> None:
    """Write what the page shows on a tour as one moving picture."""
    frames: list[Image.Image] = []
    durations: list[int] = []

    def keep(milliseconds: int) -> None:
        frame = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        height = frame.height * WIDTH // frame.width
        frames.append(frame.resize((WIDTH, height), Image.Resampling.LANCZOS))
        durations.append(milliseconds)

    tour(page, keep)
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=70,
        method=6,
    )
    size = path.stat().st_size
    print(f"{path}: {len(frames)} frames, {sum(durations) / 1000:.1f} s, {size:,} bytes")
    assert size <= LIMIT


if __name__ == "__main__":
    main()
