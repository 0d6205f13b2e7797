"""What axe finds on a page."""

from pathlib import Path

import pytest

# The dark theme changes nothing but colours.
ASKED = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}


def found_by_axe(page):
    """Return what is serious or worse in either theme: theme, rule and the first places."""
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    page.evaluate(Path(axe.__file__).with_name("axe.min.js").read_text())
    found = []
    for theme, options in ASKED.items():
        page.emulate_media(color_scheme=theme)
        options = {"resultTypes": ["violations"], **options}
        for one in page.evaluate("options => axe.run(options)", options)["violations"]:
            if one["impact"] in ("serious", "critical"):
                found.append((theme, one["id"], [node["html"] for node in one["nodes"]][:3]))
    return found
