"""QPY functions of the installed Qiskit, with checks for untrusted files."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from qiskit import qpy as _qpy

from qiskit_ibm_runtime._codecs.reading import check_header, guarded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from json import JSONDecoder, JSONEncoder
    from typing import Union

    from qiskit import QuantumCircuit
    from qiskit.pulse import ScheduleBlock

    Program = Union[QuantumCircuit, ScheduleBlock]


def dump(
    programs: Program | Sequence[Program],
    file_obj: IO[bytes],
    metadata_serializer: type[JSONEncoder] | None = None,
) -> None:
    """Write circuits or schedule blocks in the QPY version of the installed Qiskit.

    Args:
        programs: A circuit, a schedule block, or a list of either.
        file_obj: Open binary file.
        metadata_serializer: A ``json.JSONEncoder`` for metadata that plain JSON cannot express.
    """
    _qpy.dump(programs, file_obj, metadata_serializer)


def load(
    file_obj: IO[bytes], metadata_deserializer: type[JSONDecoder] | None = None
) -> list[Program]:
    """Read circuits or schedule blocks of any QPY version that the installed Qiskit supports.

    Custom gates get their original names: suffixes that Qiskit appends to the names of controlled
    gates, and that job payloads append to conflicting names, are removed.

    Args:
        file_obj: Open binary file, which is read to its end.
        metadata_deserializer: A ``json.JSONDecoder`` for metadata.

    Returns:
        The circuits or schedule blocks.

    Raises:
        DecodeError: If the file comes from a newer Qiskit, would make Qiskit run code, or would
            expand far beyond its size.
        QiskitError: If the file is damaged.
    """
    data = file_obj.read()
    check_header(data)
    with guarded(data):
        programs: list[Program] = _qpy.load(io.BytesIO(data), metadata_deserializer)
    return programs
