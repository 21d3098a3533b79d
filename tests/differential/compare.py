"""Compare this package with the original 0.9.3, call by call.

python tests/differential/compare.py --official PYTHON --ours PYTHON [MODULE ...]

Each interpreter has one of the two clients. Whatever the calls of this folder return, raise, warn,
print and send is compared; a difference that is not in ``accepted.json`` fails the run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Bugs of the original, which say nothing about what it accepts.
CRASHES = {
    "TooSlowError",
    "TypeError",
    "AttributeError",
    "KeyError",
    "IndexError",
    "UnboundLocalError",
}


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the differences, with both sides."""
    if "raises" in theirs:
        kind = theirs["raises"][0]
        if kind not in CRASHES and kind not in ours.get("raises", ()):
            yield "raises", _short(theirs), _short(ours)
        # Requests and output are not compared if the call raised an error.
        return
    if "raises" in ours:
        yield "refuses", _short(theirs), _short(ours)
        return
    for name in ("returns", "warnings", "printed", "sent"):
        if theirs[name] != ours[name]:
            yield name, *_first_difference(theirs[name], ours[name])


def _first_difference(theirs: Any, ours: Any, place: str = "") -> tuple[str, str]:
    """Return the first parts that differ, with their path."""
    pairs: list[tuple[Any, Any, Any]] = []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        pairs = [(key, theirs.get(key), ours.get(key)) for key in {**theirs, **ours}]
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = [(number, *pair) for number, pair in enumerate(zip(theirs, ours))]
    for key, their, our in pairs:
        if their != our:
            return _first_difference(their, our, f"{place}.{key}")
    return f"{place}: {theirs}", f"{place}: {ours}"


def _short(seen: dict[str, Any]) -> Any:
    return f"{seen['raises'][0]}: {seen['text']}" if "raises" in seen else seen["returns"]


def recorded(python: str, modules: list[str]) -> dict[str, Any]:
    """Return the outcomes of the calls in an interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [python, "-W", "ignore", "-m", "tests.differential.record", str(out), *modules]
        subprocess.run(command, check=True, cwd=HERE.parents[1], stderr=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(out.read_text())
    return found


def main() -> int:
    """Print each difference that is not accepted; return 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", required=True)
    parser.add_argument("--ours", required=True)
    parser.add_argument("modules", nargs="*")
    arguments = parser.parse_args()
    accepted = json.loads((HERE / "accepted.json").read_text())
    unused = set(accepted)
    theirs = recorded(arguments.official, arguments.modules)
    ours = recorded(arguments.ours, arguments.modules)
    found = 0
    for call in {**theirs, **ours}:
        if call not in theirs or call not in ours:
            pairs: list[Any] = [("missing", call in theirs, call in ours)]
        else:
            pairs = list(differences(theirs[call], ours[call]))
        for kind, their, our in pairs:
            rules = [rule for rule in accepted if re.search(rule, f"{call} [{kind}]")]
            unused -= set(rules)
            if not rules:
                found += 1
                print(
                    f"{call} [{kind}]\n    0.9.3: {str(their)[:400]}\n    ours:  {str(our)[:400]}"
                )
    print(f"{len(theirs)} calls compared, {found} unexplained differences")
    if not arguments.modules:
        for rule in sorted(unused):
            print(f"never needed: {rule}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
