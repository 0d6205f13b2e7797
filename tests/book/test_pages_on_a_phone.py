"""In a real browser: no page scrolls sideways on a phone, and none asks another host."""

import pytest

PHONE, DESK = {"width": 360, "height": 780}, {"width": 1440, "height": 900}


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_scrolls_sideways_or_asks_another_host(browser, book, pages, viewport):
    tab = browser.new_page(viewport=viewport)
    asked, errors, wide = [], [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    for name in pages:
        tab.goto((book / name).as_uri())
        if tab.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            wide.append(name)
    tab.close()
    assert not wide
    assert not errors
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
