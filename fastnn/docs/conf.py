"""The settings of Sphinx: see the environments docs and docs-links in tox.ini."""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import fastnn

project = "fastnn"
author = "the fastnn developers"
version = release = fastnn.__version__
root_doc = "index"
extensions = [
    "sphinx.ext.autosummary",  # loads autodoc
    "numpydoc",
    "myst_nb",  # loads myst_parser
    "sphinx_copybutton",
]
# .rst, first: what autosummary writes.
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}

# GitHub renders the same pages: no more of MyST than it shows well.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # two notebooks of the same code run once: see tox.ini
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True  # what a page saves is not beside the pages
nb_merge_streams = True
nb_output_stderr = "remove"  # what is compiled

templates_path = ["_templates"]
autosummary_generate = True
autodoc_typehints = "none"  # the types are in the docstrings
numpydoc_show_class_members = False  # autosummary's template has them
numpydoc_xref_param_type = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["fastnn.css"]
html_title = f"fastnn {release}"
html_show_copyright = False
html_math_renderer = "mathml"
copybutton_exclude = ".linenos, .gp, .go"

linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_workers = 4

_WITH_PICTURES = {"pictures"}  # pages that are run, to show what they draw
_NOTEBOOK = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"

_CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]"


def _visit_math(translator: Any, node: nodes.Element) -> None:
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _visit_displayed_math(translator: Any, node: nodes.Element) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(tex2mathml(node.astext(), as_block=True) + "</div>\n")
    raise nodes.SkipNode


def _prepare_source(app: Any, name: str, source: list[str]) -> None:
    """Lead links out of this folder to the copy that tox.ini makes; offer notebooks as such.

    A page of pictures is run, and shows what its blocks print and draw in the place of their texts.
    And let no space come of a line's end between two Chinese characters.
    """
    source[0] = source[0].replace("../../benchmarks/README.md", "benchmarks.md")
    if name in _WITH_PICTURES:
        text = re.sub("^```text\n.*?^```\n", "", source[0], flags=re.DOTALL | re.MULTILINE)
        source[0] = _NOTEBOOK + text.replace("```python\n", "```{code-cell} python\n")
    source[0] = re.sub(f"(?<={_CHINESE})\n(?={_CHINESE})", "", source[0])
    if "notebooks/" in name:
        file = name.rpartition("/")[2] + ".ipynb"
        label = "本页的 Jupyter 笔记本 " if name.startswith("zh/") else "As a Jupyter notebook: "
        source[0] += f"\n{label}{{nb-download}}`{file}`\n"


def _set_page(app: Any, name: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Say in the page what language it has."""
    if name.startswith("zh/"):
        context["language"] = "zh-CN"


def _skip_inherited(
    app: Any, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what a class inherits from other libraries, whose documentation has it."""
    module = getattr(getattr(member, "fget", member), "__module__", None)
    return True if module is not None and module.split(".")[0] != "fastnn" else None


def setup(app: Any) -> None:
    """Render formulas as MathML, which browsers show without a script from elsewhere."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_displayed_math, None))
    app.connect("autodoc-skip-member", _skip_inherited)
    app.connect("source-read", _prepare_source)
    app.connect("html-page-context", _set_page)
