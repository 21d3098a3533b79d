"""Check that the built documentation lists every public name of a recorded API surface.

    python docs/extensions/check_index.py docs/_build [../shared/spec/api_surface.json]

Without a recorded surface, check the names that the package exports. Reads the inventory of the
build (``objects.inv``), which has the entries of the index page. Prints the missing names; the exit
status is 1 if there are any.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qiskit_ibm_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator


def documented(build: Path) -> set[str]:
    """Return the qualified names of all Python objects in the inventory of a build."""
    compressed = (build / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(compressed).decode().splitlines()
    return {line.split()[0] for line in lines if " py:" in line}


def surface(recorded: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each public name, and the qualified names under which it may be listed."""
    package = recorded["package"]
    modules = recorded["modules"]
    homes: dict[str, set[str]] = {}
    for module, content in modules.items():
        for kind in ("classes", "functions", "constants"):
            for name in content.get(kind, {}):
                homes.setdefault(name, set()).add(f"{module}.{name}")
    for name in recorded["top_level_exports"]:
        yield f"{package}.{name}", {f"{package}.{name}", *homes.get(name, ())}
    for module, content in modules.items():
        for kind in ("functions", "constants"):
            for name in content.get(kind, {}):
                yield f"{module}.{name}", {f"{module}.{name}", f"{package}.{name}"}
        for cls, members in content.get("classes", {}).items():
            places = {f"{module}.{cls}", f"{package}.{cls}", f"{module.rpartition('.')[0]}.{cls}"}
            yield f"{module}.{cls}", places
            for kind in ("methods", "properties", "attributes"):
                for name, how in members.get(kind, {}).items():
                    if not name.startswith("_") and "inherited_from" not in how:
                        yield f"{module}.{cls}.{name}", {f"{place}.{name}" for place in places}


def main(build: str, path: str | None = None) -> int:
    """Compare, and print the missing names."""
    listed = documented(Path(build))
    own = {each.rpartition(".")[2] for each in listed}
    names = [(name, {name} & own) for name in qiskit_ibm_runtime.__all__]
    listed |= own
    if path is not None:
        names += surface(json.loads(Path(path).read_text(encoding="utf-8")))
    missing = [name for name, places in names if not places & listed]
    print(f"index: {len(names) - len(missing)} of {len(names)} public names listed")
    for name in missing:
        print("  missing:", name)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
