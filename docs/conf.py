"""Settings of the documentation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "qiskit-ibm-runtime"
author = "the qiskit-ibm-runtime authors"
release = (HERE.parent / "src/qiskit_ibm_runtime/VERSION.txt").read_text().strip()
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "options_table",
]
exclude_patterns = ["_build", "changes", "extensions", "jupyter_execute"]
suppress_warnings = ["ref.python"]  # 0.9.3 has two classes with the same name

html_theme = "furo"
html_title = "qiskit-ibm-runtime 0.9.3, embedded"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "attrs_block"]
nb_execution_mode = "off"  # outputs are stored; `nox -s tutorials` runs the notebooks
nb_merge_streams = True

copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autoclass_content = "both"
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
maximum_signature_line_length = 88


def skip_fields_of_tuples(
    _app: Sphinx, _what: str, _name: str, member: Any, *_: Any
) -> bool | None:
    """Skip fields of named tuples; the docstring of the class describes them."""
    return True if type(member).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> None:
    """Connect the handlers defined here."""
    app.connect("autodoc-skip-member", skip_fields_of_tuples)
