"""Objects that travel as the keyword arguments of their class: a closed table of classes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import DecodeError

_QI = "qiskit.quantum_info.operators"
_ALLOWED: dict[tuple[str, str], Any] = {}
_TABLE = {
    f"{_QI}.symplectic.pauli": ("Pauli",),
    f"{_QI}.symplectic.pauli_list": ("PauliList",),
    f"{_QI}.symplectic.sparse_pauli_op": ("SparsePauliOp",),
    f"{_QI}.operator": ("Operator",),
    "qiskit.quantum_info.states.statevector": ("Statevector",),
    "qiskit.quantum_info.states.densitymatrix": ("DensityMatrix",),
    "qiskit.opflow.primitive_ops.pauli_sum_op": ("PauliSumOp",),
}


def build(module: object, name: object, arguments: dict[str, Any]) -> Any:
    """Make the object, if the table names its class.

    Raises:
        DecodeError: If it does not, or the arguments do not fit.
    """
    if not isinstance(module, str) or name not in _TABLE.get(module, ()):
        raise DecodeError(f"The class {name!r} of module {module!r} is not allowed in a payload.")
    cls = getattr(import_module(module), str(name))
    try:
        return cls(**arguments)
    except Exception as exc:
        raise DecodeError(f"{name} cannot be made from its settings: {exc}") from exc
