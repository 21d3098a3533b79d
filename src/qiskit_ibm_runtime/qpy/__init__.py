"""The QPY of the installed Qiskit, read with the guard that payloads of others need."""

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
        programs: A circuit, a schedule block, or a list of one kind.
        file_obj: Open binary file.
        metadata_serializer: A ``json.JSONEncoder`` for metadata that plain JSON cannot express.
    """
    _qpy.dump(programs, file_obj, metadata_serializer)


def load(
    file_obj: IO[bytes], metadata_deserializer: type[JSONDecoder] | None = None
) -> list[Program]:
    """Read circuits or schedule blocks of any QPY version that the installed Qiskit knows.

    Custom gates get the names that they had before they were written: what Qiskit adds to the names
    of controlled gates to tell them apart, and what a job's payload adds to names that clash, is
    cut off.

    Args:
        file_obj: Open binary file; it is read to its end.
        metadata_deserializer: A ``json.JSONDecoder`` for metadata.

    Returns:
        A list.

    Raises:
        DecodeError: If the file comes from a newer Qiskit, or would make Qiskit run code, or
            make far more of it than it holds.
        QiskitError: If it is damaged.
    """
    data = file_obj.read()
    check_header(data)
    with guarded(data):
        programs: list[Program] = _qpy.load(io.BytesIO(data), metadata_deserializer)
    return programs
