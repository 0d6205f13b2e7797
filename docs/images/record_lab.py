"""Record the README's tour of the lab: ``python docs/images/record_lab.py ADDRESS``.

It needs Playwright and Chromium, Pillow, and a lab that runs at ADDRESS.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

SIZE = {"width": 1240, "height": 760}
WIDTH = 880  # of the picture
LIMIT = 900_000  # bytes
START = "#/learn?run=0_16-16_64_sgd-0.05_adam-0.0005&digit=7"


def tour(page: Page, keep: Callable[[int], None]) -> None:
    """Train SGD and Adam, rewind, and let SGD go on with ten times its rate."""
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


def main() -> None:
    """Record the tour and write it beside this file."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(f"{sys.argv[1]}{START}")
        page.locator(".where", has_text="Step 0 ").wait_for()
        rest(page)

        def keep(milliseconds: int) -> None:
            frame = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            height = frame.height * WIDTH // frame.width
            frames.append(frame.resize((WIDTH, height), Image.Resampling.LANCZOS))
            durations.append(milliseconds)

        tour(page, keep)
        browser.close()
    path = Path(__file__).with_name("lab.webp")
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
