"""How Sphinx builds the book: ``python -m sphinx -n -W --keep-going docs docs/_build/html``."""

import os
import sys
from pathlib import Path

import chainrule

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

# What the lessons' kernels inherit: no screen, and one thread for each product of matrices.
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

project = "Chainrule"
author = "The Chainrule authors"
version = release = chainrule.__version__

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx.ext.autodoc",
    "numpydoc",
    # ours
    "docstrings",
    "generated",
    "mathml",
    "notebooks",
]
root_doc = "index"
exclude_patterns = ["_build", "_extensions", "**.ipynb", "README.md"]
nitpicky = True

# ---- languages: a translation is a catalogue beside the pages; code cells are shared ----

language = "en"
locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
gettext_location = True

# ---- pages: Markdown, with cells that are run ----

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300  # seconds a cell, on a busy machine as well
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js = {}  # nothing comes from another host
copybutton_selector = (
    "div:not(.highlight-diff) > div.highlight pre"  # a difference cannot be pasted
)
copybutton_exclude = ".linenos, .gp, .go"

# ---- reference: from the docstrings ----

default_role = "name"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types and shapes
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# ---- looks ----

html_theme = "furo"
html_title = "Chainrule"
html_static_path = ["_static"]
html_css_files = ["chainrule.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0072B2",
        "color-brand-content": "#0072B2",
        "color-brand-visited": "#0072B2",
        "color-api-name": "#0072B2",
        "color-api-pre-name": "#0072B2",
    },
    # The accent on a dark ground: the same hue, light enough to read.
    "dark_css_variables": {
        "color-brand-primary": "#6CB9E8",
        "color-brand-content": "#6CB9E8",
        "color-brand-visited": "#6CB9E8",
        "color-api-name": "#6CB9E8",
        "color-api-pre-name": "#6CB9E8",
    },
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
