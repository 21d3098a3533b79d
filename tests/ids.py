"""Test ids that do not change from run to run, so that parallel workers agree on them."""

from __future__ import annotations

import re


def label(value: object) -> str:
    """Return a value's representation without memory addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
