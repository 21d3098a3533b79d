"""Table of uploaded programs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.timestamps import now

from .payloads import encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .payloads import Payloads


@dataclass(frozen=True)
class Program:
    """Program without its source; ``user`` is ``None`` for built-in programs."""

    id: str
    user: str | None
    name: str
    public: bool = False
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)
    description: str = ""
    cost: int = 600
    spec: dict[str, Any] | None = None

    def is_visible_to(self, user: str) -> bool:
        return self.public or self.user == user


class Programs:
    """Uploaded programs of a store. Methods that write must be called inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, payloads: Payloads) -> None:
        self._connection, self._payloads = connection, payloads

    def put(self, program: Program) -> None:
        """Add or update a program, and note the time."""
        details = {
            "description": program.description,
            "cost": program.cost,
            "spec": program.spec,
        }
        self._connection.execute(
            "INSERT INTO programs VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "name = excluded.name, public = excluded.public, updated = excluded.updated, "
            "details = excluded.details",
            (
                *(program.id, program.user, program.name, program.public),
                *(program.created, now(), json.dumps(details)),
            ),
        )

    def put_source(self, program: Program, source: str) -> None:
        self._payloads.put(program.id, "source", encode(source))
        self.put(program)

    def source(self, program_id: str) -> str | None:
        data = self._payloads.get(program_id, "source")
        return None if data is None else data.decode()

    def get(self, program_id: str) -> Program | None:
        row = self._connection.execute(
            "SELECT * FROM programs WHERE id = ?", (program_id,)
        ).fetchone()
        return _program(row) if row else None

    def visible_to(self, user: str) -> list[Program]:
        """Return a user's programs and all public ones, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM programs WHERE user = ? OR public ORDER BY created, id", (user,)
        )
        return [_program(row) for row in rows]

    def delete(self, program_id: str) -> None:
        """Delete a program; queued jobs keep their copy of its source."""
        self._connection.execute("DELETE FROM programs WHERE id = ?", (program_id,))
        self._payloads.drop(program_id)


def _program(row: Sequence[Any]) -> Program:
    program_id, user, name, public, created, updated, details = row
    return Program(program_id, user, name, bool(public), created, updated, **json.loads(details))
