"""Draw the figure of the front page, in a light and a dark version.

    python docs/pictures/front_page.py

It is the plot of ``examples/sweep_with_error_bars.py``, run on the embedded runtime.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import matplotlib as mpl

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "examples"))
import sweep_with_error_bars  # noqa: E402 - needs the path above

COLORS = {
    "light": {"ground": "#ffffff", "ink": "#24292f", "series": ["#0f62fe", "#da1e28", "#198038"]},
    "dark": {"ground": "#131416", "ink": "#d0d4d9", "series": ["#78a9ff", "#ff8389", "#42be65"]},
}


def style(ground: str, ink: str, series: list[str]) -> dict[str, object]:
    """Return the matplotlib settings for a page of these colors."""
    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    return {
        **dict.fromkeys(inked, ink),
        **dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), ground),
        "savefig.facecolor": ground,
        "axes.prop_cycle": mpl.cycler(color=series),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.framealpha": 0.85,
        "legend.edgecolor": ground,
        "font.size": 11,
        "svg.hashsalt": "same ids in every run",
    }


def main() -> None:
    """Measure once, and draw both versions."""
    series = sweep_with_error_bars.measure()
    for name, colors in COLORS.items():
        with mpl.rc_context(style(**colors)):
            path = HERE.parent / "static" / f"chsh-{name}.svg"
            sweep_with_error_bars.draw(series, str(path))
            print(path)


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra
    main()
