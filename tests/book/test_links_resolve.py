"""Every link inside the book leads somewhere, and no page asks another host for anything."""

import re
from urllib.parse import unquote, urlsplit

LAB = "127.0.0.1:8765"  # on the reader's own machine
WITHIN = {"a": "href", "img": "src", "script": "src", "link": "href", "source": "src"}


def targets(page, *tags):
    for tag, attributes in page.tags:
        if tag in tags and attributes.get(WITHIN[tag]):
            yield urlsplit(attributes[WITHIN[tag]])


def test_links_anchors_and_pictures_inside_the_book_exist(book, pages):
    broken = []
    for name, page in pages.items():
        for link in targets(page, *WITHIN):
            if link.scheme or link.netloc:
                continue
            path = (page.path.parent / unquote(link.path)).resolve() if link.path else page.path
            place = path.relative_to(book).as_posix() if path.is_relative_to(book) else ""
            anchors = pages[place].anchors if place in pages else {"", link.fragment}
            if not path.is_file() or unquote(link.fragment) not in anchors:
                broken.append(f"{name}: {link.geturl()}")
    assert not broken


def test_links_to_outside_are_https_and_the_lab_is_no_outside(pages):
    odd = {
        link.geturl()
        for page in pages.values()
        for link in targets(page, "a")
        if link.scheme not in ("", "https", "mailto") and link.netloc != LAB
    }
    assert not odd


def test_no_page_names_another_host_for_what_it_loads(book, pages):
    loaded = [
        f"{name}: {link.geturl()}"
        for name, page in pages.items()
        for link in targets(page, "img", "script", "link", "source")
        if link.scheme not in ("", "data") or link.netloc
    ]
    styles = [
        f"{path.name}: {address}"
        for path in book.rglob("*.css")
        for address in re.findall(r"(?:url\(|@import)\s*['\"]?(https?:|//)[^)]*", path.read_text())
    ]
    assert not loaded + styles


def test_every_picture_has_an_alt_text(pages):
    without = [
        f"{name}: {attributes.get('src', '')[:60]}"
        for name, page in pages.items()
        for tag, attributes in page.tags
        if tag == "img" and not attributes.get("alt")
    ]
    assert not without


def test_formulas_need_no_script(pages):
    scripts = {link.path for page in pages.values() for link in targets(page, "script")}
    assert not [path for path in scripts if re.search("mathjax|katex", path, re.IGNORECASE)]
    assert any(tag == "math" for tag, _ in pages["reference/optimizers.html"].tags)
