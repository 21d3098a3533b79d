"""Objects encoded as the keyword arguments of their class, with an allow-list of classes.

A payload names the class to create, which must be in the table below or added with
:func:`register_settings_class`. Modules are imported only if the table names them, never because a
payload does. Creating an object of these classes has no side effects, and takes about as much
memory as its arguments, which are checked first.
"""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import Clifford, PauliList

from qiskit_ibm_runtime.exceptions import DecodeError

from .limits import budget

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPFLOW = "qiskit.opflow"
_OPTIMIZERS = "qiskit.algorithms.optimizers"
_CLASSES = {
    "qiskit.quantum_info": """
        operators.symplectic.pauli.Pauli  operators.symplectic.pauli_list.PauliList
        operators.symplectic.sparse_pauli_op.SparsePauliOp  operators.symplectic.clifford.Clifford
        operators.operator.Operator  operators.scalar_op.ScalarOp  operators.channel.chi.Chi
        operators.channel.choi.Choi  operators.channel.kraus.Kraus  operators.channel.ptm.PTM
        operators.channel.stinespring.Stinespring  operators.channel.superop.SuperOp
        states.densitymatrix.DensityMatrix  states.stabilizerstate.StabilizerState
        states.statevector.Statevector  analysis.z2_symmetries.Z2Symmetries
    """,
    _OPFLOW: """
        list_ops.composed_op.ComposedOp  list_ops.list_op.ListOp  list_ops.summed_op.SummedOp
        list_ops.tensored_op.TensoredOp  evolutions.evolved_op.EvolvedOp
        primitive_ops.circuit_op.CircuitOp  primitive_ops.matrix_op.MatrixOp
        primitive_ops.pauli_op.PauliOp  primitive_ops.pauli_sum_op.PauliSumOp
        primitive_ops.primitive_op.PrimitiveOp
        primitive_ops.tapered_pauli_sum_op.TaperedPauliSumOp
        primitive_ops.tapered_pauli_sum_op.Z2Symmetries
        state_fns.circuit_state_fn.CircuitStateFn  state_fns.cvar_measurement.CVaRMeasurement
        state_fns.dict_state_fn.DictStateFn  state_fns.operator_state_fn.OperatorStateFn
        state_fns.sparse_vector_state_fn.SparseVectorStateFn  state_fns.state_fn.StateFn
        state_fns.vector_state_fn.VectorStateFn
    """,
    _OPTIMIZERS: """
        adam_amsgrad.ADAM  aqgd.AQGD  bobyqa.BOBYQA  cg.CG  cobyla.COBYLA
        gradient_descent.GradientDescent  gsls.GSLS  imfil.IMFIL  l_bfgs_b.L_BFGS_B
        nelder_mead.NELDER_MEAD  nft.NFT  p_bfgs.P_BFGS  powell.POWELL  qnspsa.QNSPSA
        slsqp.SLSQP  snobfit.SNOBFIT  spsa.SPSA  tnc.TNC  umda.UMDA
    """,
}
_ALLOWED = frozenset(  # modules and names
    (f"{package}.{module}", name)
    for package, text in _CLASSES.items()
    for module, _, name in (path.rpartition(".") for path in text.split())
)
_registered: dict[tuple[str, str], type[Any]] = {}

# Accepted only as arrays of numbers. Computing them from a circuit, a Pauli or another channel
# would take memory exponential in the number of qubits.
_CHANNELS = {"Chi", "Choi", "Kraus", "PTM", "Stinespring", "SuperOp"}
_NUMERIC = _CHANNELS | {"DensityMatrix", "Operator", "Statevector"}
_TABLEAUX = {"Clifford", "StabilizerState"}  # quadratic in the number of qubits
_DENSIFYING = {"MatrixOp", "PrimitiveOp"}  # convert sparse matrices to dense
_STEPS_PER_LETTER = 64  # for a Clifford given by labels, which Qiskit parses letter by letter
_COMPLEX_SIZE = 16  # bytes

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
    """Encode an object as its class and settings, with a type tag."""
    cls = type(instance)
    return {
        "__type__": "settings",
        "__module__": cls.__module__,
        "__class__": cls.__qualname__,
        "__value__": _mark_int_keys(dict(settings)),
    }


def settings_from_members(members: dict[str, Any]) -> Any:
    """Create an object from its class and settings.

    Raises:
        DecodeError: If the class is not allowed or rejects the settings.
    """
    module, name = members.get("__module__"), members.get("__class__")
    arguments = members["__value__"]
    cls = _allowed(module, name)
    if not isinstance(arguments, dict):
        raise DecodeError(f"The settings of {name} are not an object.")
    arguments = _unmark_int_keys(arguments)
    if (module, name) not in _registered:
        _check_arguments(str(name), arguments)
    with _quiet(str(module)):
        try:
            return _pauli_list(**arguments) if cls is PauliList else cls(**arguments)
        except Exception as exc:
            raise DecodeError(f"Cannot create {name} from its settings: {exc}") from exc


def _check_arguments(name: str, arguments: dict[str, Any]) -> None:
    """Reject arguments from which Qiskit would create a much larger object or write a file."""
    data: Any = arguments.get("data")
    if name in _NUMERIC and not _is_numeric(data):
        raise DecodeError(f"Malformed {name}: expected numbers, got {type(data).__name__}.")
    if name in _TABLEAUX:
        _check_tableau(name, data)
    if name == "DensityMatrix" and not _is_square(np.shape(data)):
        raise DecodeError("Malformed DensityMatrix: expected a square matrix.")
    if name in _DENSIFYING:
        shape = getattr(arguments.get("primitive"), "shape", ())
        budget().spend_bytes(math.prod(shape) * _COMPLEX_SIZE)
    if name == "ADAM" and arguments.get("snapshot_dir"):
        raise DecodeError(
            "ADAM with snapshot_dir is not allowed in a payload, because it writes files. Remove "
            "snapshot_dir."
        )


def _check_tableau(name: str, data: Any) -> None:
    if isinstance(data, list) and all(isinstance(label, str) for label in data):
        budget().spend_steps(_STEPS_PER_LETTER * sum(map(len, data)))
    elif not (isinstance(data, (list, np.ndarray, Clifford))):
        raise DecodeError(f"Malformed {name}: expected a tableau, got {type(data).__name__}.")


def _is_numeric(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return all(map(_is_numeric, data))
    return data is None or isinstance(data, (np.ndarray, int, float, complex))


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


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
        if (module, name) in _ALLOWED:
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
