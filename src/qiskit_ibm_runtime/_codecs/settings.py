"""Objects encoded as the keyword arguments of their class, with an allow-list of classes.

A payload names the class to create, which must be in the table below or added with
:func:`register_settings_class`. Modules are imported only if the table names them, never because a
payload does. Creating an object of these classes has no side effects, and takes about as much
memory as its arguments (see :func:`.limits.check_arguments`).

The allowed classes are:

* ``qiskit.quantum_info``: Pauli, PauliList, SparsePauliOp, Operator, Clifford, ScalarOp, Chi, Choi,
  Kraus, PTM, Stinespring, SuperOp, Statevector, DensityMatrix, StabilizerState, Z2Symmetries.
* ``qiskit.opflow``: primitive and list operators, state functions and measurements.
* ``qiskit.algorithms.optimizers``: the optimizers of terra.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import PauliList

from qiskit_ibm_runtime.exceptions import DecodeError

from .limits import check_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

_INFO = "qiskit.quantum_info"
_OPFLOW = "qiskit.opflow"
_OPTIMIZERS = "qiskit.algorithms.optimizers"
_TABLE: dict[str, tuple[str, ...]] = {
    f"{_INFO}.operators.symplectic.pauli": ("Pauli",),
    f"{_INFO}.operators.symplectic.pauli_list": ("PauliList",),
    f"{_INFO}.operators.symplectic.sparse_pauli_op": ("SparsePauliOp",),
    f"{_INFO}.operators.symplectic.clifford": ("Clifford",),
    f"{_INFO}.operators.operator": ("Operator",),
    f"{_INFO}.operators.scalar_op": ("ScalarOp",),
    f"{_INFO}.operators.channel.chi": ("Chi",),
    f"{_INFO}.operators.channel.choi": ("Choi",),
    f"{_INFO}.operators.channel.kraus": ("Kraus",),
    f"{_INFO}.operators.channel.ptm": ("PTM",),
    f"{_INFO}.operators.channel.stinespring": ("Stinespring",),
    f"{_INFO}.operators.channel.superop": ("SuperOp",),
    f"{_INFO}.states.densitymatrix": ("DensityMatrix",),
    f"{_INFO}.states.stabilizerstate": ("StabilizerState",),
    f"{_INFO}.states.statevector": ("Statevector",),
    f"{_INFO}.analysis.z2_symmetries": ("Z2Symmetries",),
    f"{_OPFLOW}.list_ops.composed_op": ("ComposedOp",),
    f"{_OPFLOW}.list_ops.list_op": ("ListOp",),
    f"{_OPFLOW}.list_ops.summed_op": ("SummedOp",),
    f"{_OPFLOW}.list_ops.tensored_op": ("TensoredOp",),
    f"{_OPFLOW}.evolutions.evolved_op": ("EvolvedOp",),
    f"{_OPFLOW}.primitive_ops.circuit_op": ("CircuitOp",),
    f"{_OPFLOW}.primitive_ops.matrix_op": ("MatrixOp",),
    f"{_OPFLOW}.primitive_ops.pauli_op": ("PauliOp",),
    f"{_OPFLOW}.primitive_ops.pauli_sum_op": ("PauliSumOp",),
    f"{_OPFLOW}.primitive_ops.primitive_op": ("PrimitiveOp",),
    f"{_OPFLOW}.primitive_ops.tapered_pauli_sum_op": ("TaperedPauliSumOp", "Z2Symmetries"),
    f"{_OPFLOW}.state_fns.circuit_state_fn": ("CircuitStateFn",),
    f"{_OPFLOW}.state_fns.cvar_measurement": ("CVaRMeasurement",),
    f"{_OPFLOW}.state_fns.dict_state_fn": ("DictStateFn",),
    f"{_OPFLOW}.state_fns.operator_state_fn": ("OperatorStateFn",),
    f"{_OPFLOW}.state_fns.sparse_vector_state_fn": ("SparseVectorStateFn",),
    f"{_OPFLOW}.state_fns.state_fn": ("StateFn",),
    f"{_OPFLOW}.state_fns.vector_state_fn": ("VectorStateFn",),
    f"{_OPTIMIZERS}.adam_amsgrad": ("ADAM",),
    f"{_OPTIMIZERS}.aqgd": ("AQGD",),
    f"{_OPTIMIZERS}.bobyqa": ("BOBYQA",),
    f"{_OPTIMIZERS}.cg": ("CG",),
    f"{_OPTIMIZERS}.cobyla": ("COBYLA",),
    f"{_OPTIMIZERS}.gradient_descent": ("GradientDescent",),
    f"{_OPTIMIZERS}.gsls": ("GSLS",),
    f"{_OPTIMIZERS}.imfil": ("IMFIL",),
    f"{_OPTIMIZERS}.l_bfgs_b": ("L_BFGS_B",),
    f"{_OPTIMIZERS}.nelder_mead": ("NELDER_MEAD",),
    f"{_OPTIMIZERS}.nft": ("NFT",),
    f"{_OPTIMIZERS}.p_bfgs": ("P_BFGS",),
    f"{_OPTIMIZERS}.powell": ("POWELL",),
    f"{_OPTIMIZERS}.qnspsa": ("QNSPSA",),
    f"{_OPTIMIZERS}.slsqp": ("SLSQP",),
    f"{_OPTIMIZERS}.snobfit": ("SNOBFIT",),
    f"{_OPTIMIZERS}.spsa": ("SPSA",),
    f"{_OPTIMIZERS}.tnc": ("TNC",),
    f"{_OPTIMIZERS}.umda": ("UMDA",),
}
_registered: dict[tuple[str, str], type[Any]] = {}

_INT_KEYS = "__int_keys__"
_LETTERS = frozenset("IXYZ")


def register_settings_class(cls: type[Any]) -> type[Any]:
    """Allow payloads to contain objects of your own class; usable as a decorator.

    Instances are encoded as their attribute ``settings``, a dict of keyword arguments that create
    an equal object. Register a class only if creating an instance has no side effects, because the
    arguments come from untrusted results and job inputs.

    .. code-block:: python

        import json
        from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
        from qiskit_ibm_runtime.utils.json import register_settings_class

        @register_settings_class
        class Ansatz:
            def __init__(self, depth):
                self.settings = {"depth": depth}

        text = json.dumps(Ansatz(3), cls=RuntimeEncoder)
        assert json.loads(text, cls=RuntimeDecoder).settings == {"depth": 3}
    """
    _registered[cls.__module__, cls.__qualname__] = cls
    return cls


def settings_to_members(instance: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Encode an object as its class and settings."""
    cls = type(instance)
    return {
        "__module__": cls.__module__,
        "__class__": cls.__qualname__,
        "__value__": _mark_int_keys(dict(settings)),
    }


def settings_from_members(members: dict[str, Any]) -> Any:
    """Create an object from its class and settings.

    Raises:
        DecodeError: If the class is not allowed or rejects the settings.
    """
    module, name, arguments = (
        members.get("__module__"),
        members.get("__class__"),
        members["__value__"],
    )
    cls = _allowed(module, name)
    if not isinstance(arguments, dict):
        raise DecodeError(f"The settings of {name} are not an object.")
    arguments = _unmark_int_keys(arguments)
    if (module, name) not in _registered:
        check_arguments(str(name), arguments)
    with _quiet(str(module)):
        try:
            return _pauli_list(**arguments) if cls is PauliList else cls(**arguments)
        except Exception as exc:
            raise DecodeError(f"Cannot create {name} from its settings: {exc}") from exc


def _pauli_list(data: Any) -> PauliList:
    """Create a PauliList from labels without creating a Pauli for each, as Qiskit does."""
    is_plain = isinstance(data, list) and set(map(type, data)) == {str} and data[0]
    if not is_plain or len(set(map(len, data))) > 1 or not _LETTERS.issuperset("".join(data)):
        return PauliList(data)
    letters = np.frombuffer("".join(data).encode(), np.uint8).reshape(len(data), -1)[:, ::-1]
    z, x = np.isin(letters, [ord("Z"), ord("Y")]), np.isin(letters, [ord("X"), ord("Y")])
    return PauliList.from_symplectic(z, x)


def _allowed(module: object, name: object) -> Any:
    if isinstance(module, str) and isinstance(name, str):
        if (module, name) in _registered:
            return _registered[module, name]
        if name in _TABLE.get(module, ()):
            with _quiet(module):
                try:
                    return getattr(import_module(module), name)
                except (AttributeError, ImportError):
                    raise DecodeError(
                        f"The payload contains a {name}, which the installed Qiskit does not have."
                    ) from None
    raise DecodeError(
        f"The class {name!r} of module {module!r} is not allowed in a payload. If it is your own "
        "class and creating it has no side effects, register it with "
        "qiskit_ibm_runtime.utils.json.register_settings_class."
    )


@contextmanager
def _quiet(module: str) -> Iterator[None]:
    """Suppress deprecation warnings of terra's retired packages, which the user did not import."""
    if not module.startswith((_OPFLOW, _OPTIMIZERS)):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield


def _mark_int_keys(value: Any) -> Any:
    """Return a copy in which each dict with integer keys records which keys are integers."""
    if isinstance(value, (list, tuple)):
        return [_mark_int_keys(item) for item in value]
    if type(value) is not dict:
        return value
    marked = {key: _mark_int_keys(item) for key, item in value.items()}
    numbers = [key for key in value if isinstance(key, int) and not isinstance(key, bool)]
    if numbers:
        alike = any(isinstance(key, str) and _is_number(key) for key in value)
        marked[_INT_KEYS] = [str(key) for key in numbers] if alike else True
    return marked


def _unmark_int_keys(value: Any) -> Any:
    if type(value) is list:
        return [_unmark_int_keys(item) for item in value]
    if type(value) is not dict:
        return value
    mark = value.get(_INT_KEYS)
    names = set(mark) if isinstance(mark, list) else {key for key in value if _is_number(key)}
    return {
        int(key) if mark and key in names else key: _unmark_int_keys(item)
        for key, item in value.items()
        if key != _INT_KEYS
    }


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() if len(text) < 20 else False
