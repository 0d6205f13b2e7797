"""A catalogue translates the text of a page; its cells stay, and run, as they are."""

import os
import shutil

import pytest
from built import DOCS, run_sphinx

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---

# A page

Every layer computes.

```{code-cell}
print(6 * 7)
```
"""

CATALOGUE = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"

msgid "Every layer computes."
msgstr "每一层都**计算**。"
"""


@pytest.mark.skipif(not os.environ.get("CHAINRULE_BOOK"), reason="CHAINRULE_BOOK is not set")
def test_a_second_language_shares_the_code(tmp_path):
    docs = tmp_path / "docs"
    for folder in ("_extensions", "_static"):
        shutil.copytree(DOCS / folder, docs / folder)
    shutil.copy(DOCS / "conf.py", docs)
    (docs / "index.md").write_text(PAGE)

    unrun = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer")
    run_sphinx("-b", "gettext", *unrun, docs, tmp_path / "gettext")
    template = (tmp_path / "gettext" / "index.pot").read_text()
    assert 'msgid "Every layer computes."' in template
    assert "6 * 7" not in template

    catalogue = docs / "locale" / "zh_CN" / "LC_MESSAGES" / "index.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(CATALOGUE, encoding="utf-8")
    run_sphinx("-b", "html", "-D", "language=zh_CN", docs, tmp_path / "html")
    page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    assert "每一层都<strong>计算</strong>。" in page
    assert "Every layer computes" not in page
    assert ">42\n<" in page
