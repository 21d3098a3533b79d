"""Settings of the documentation."""

from __future__ import annotations

from pathlib import Path

project = "qiskit-ibm-runtime"
author = "the qiskit-ibm-runtime authors"
release = (Path(__file__).parent.parent / "src/qiskit_ibm_runtime/VERSION.txt").read_text().strip()
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["_build", "changes"]
myst_heading_anchors = 3
