"""Primitives and their options: what a mock session receives, and what is rejected."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from functools import partial
from typing import Any
from unittest.mock import MagicMock

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.circuit.parametertable import ParameterView
from qiskit.quantum_info import Operator, Pauli, PauliList, SparsePauliOp
from qiskit.transpiler import CouplingMap, Layout
from tests.differential.calls import Place, each
from tests.differential.record import Calls
from tests.standin import DEVICE

from qiskit_ibm_runtime import Estimator, Options, Sampler, Session
from qiskit_ibm_runtime import session as sessions
from qiskit_ibm_runtime.options import ExecutionOptions, ResilienceOptions, SimulatorOptions

SEQUENCES = 400
ANGLE, OTHER = Parameter("angle"), Parameter("other")


def shown(value: Any) -> Any:
    """Return a value with its type, including the content of Qiskit objects."""
    if isinstance(value, QuantumCircuit):
        return ["circuit", value.name, value.metadata, len(value.data), shown(value.parameters)]
    if isinstance(value, SparsePauliOp):
        return ["sum", [[label, complex(factor)] for label, factor in value.to_list()]]
    if isinstance(value, (ParameterExpression, ParameterView)):
        return str(value) if isinstance(value, ParameterExpression) else [str(v) for v in value]
    if isinstance(value, dict):
        return {str(key): shown(entry) for key, entry in sorted(value.items(), key=str)}
    if isinstance(value, (list, tuple, set)):
        return [type(value).__name__, [shown(entry) for entry in value]]
    if isinstance(value, np.ndarray):
        return ["array", value.tolist()]
    if isinstance(value, (np.generic, CouplingMap, Layout)) or callable(value):
        return [type(value).__name__, str(value) if isinstance(value, np.generic) else ""]
    return value


class Spied(Session):
    """Specification of a mock session."""


def spied(*, simulator: bool = True) -> Any:
    """Return a mock session on a backend."""
    session = MagicMock(spec=Spied)
    session.backend.return_value = DEVICE
    session.service.backend.return_value.configuration.return_value.simulator = simulator
    return session


def asked(session: Any) -> Any:
    """Return the last call of the mock."""
    arguments = session.run.call_args.kwargs
    return {name: shown(arguments[name]) for name in ("program_id", "inputs", "options")}


def measured(parameters: int = 0, name: str = "measured") -> QuantumCircuit:
    """Return a circuit for a sampler."""
    circuit = QuantumCircuit(2, 2, name=name)
    for parameter in (ANGLE, OTHER)[:parameters]:
        circuit.rx(parameter, 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def unmeasured(parameters: int = 0) -> QuantumCircuit:
    """Return a circuit for an estimator."""
    circuit = QuantumCircuit(2, name="unmeasured")
    for parameter in (ANGLE, OTHER)[:parameters]:
        circuit.rx(parameter, 0)
    return circuit


# Unusual values, by option.
FORMS: dict[str, list[Any]] = {
    "shots": [1, 1.0, 1e3, True, np.int64(7), np.float64(7), 0, -1, None, "7", 2**70],
    "init_qubits": [True, False, 1, 0, None, "no"],
    "seed_simulator": [0, 7, np.int32(7), 7.5, True, None, "x"],
    "coupling_map": [None, [[0, 1]], [(0, 1)], CouplingMap([[0, 1]]), np.array([[0, 1]]), [], "x"],
    "basis_gates": [None, ["cx"], ("cx",), [], ["foo"], "cx"],
    "initial_layout": [
        *(None, [1, 0], (1, 0), {0: 1, 1: 0}, range(2), np.array([1, 0]), [0], 7, []),
        Layout.from_intlist([1, 0], QuantumRegister(2, "q")),
    ],
    "skip_transpilation": [False, 0, None],
    "layout_method": [None, "sabre", "random", 7],
    "routing_method": [None, "none", "random", ""],
    "approximation_degree": [None, 0, 0.5, 1, 2, "x"],
    "noise_factors": [(1, 3, 5), [1], range(1, 9), np.array([1, 2]), (0.5,), (), None],
    "log_level": ["INFO", "info", "LOUD", None, 20],
    "job_tags": [[], ["a"], ("a",), None, "a"],
    "optimization_level": [0, 3, True, 1.0, np.int64(2), 4, -1, "1", None, 1.5],
    "resilience_level": [0, 1, True, 1.0, np.int64(1), 4, None, "1", False],
    "max_execution_time": [None, 1, 60, 10**6, np.int64(60), 400],
    "foo": [1, "x", None, [1, (2,)], True],
    "image": ["a/b:1", None, ""],
}
SECTIONS = {
    "execution": ["shots", "init_qubits"],
    "simulator": ["seed_simulator", "coupling_map", "basis_gates"],
    "transpilation": ["initial_layout", "layout_method", "routing_method", "approximation_degree"],
    "resilience": ["noise_factors"],
    "environment": ["log_level", "job_tags"],
}
FLAT = [name for name in FORMS if name != "skip_transpilation"]


# 0.9.3 also copies `simulator` options to the top level, evaluates arrays as booleans, and
# merges into a stored layout that is a dict.
NESTED = [section for section in SECTIONS if section != "simulator"]
DRAWN = {
    name: [value for value in values if not isinstance(value, (np.ndarray, dict))]
    for name, values in FORMS.items()
}


def drawn(draw: random.Random) -> dict[str, Any]:
    """Return options, flat and by section, in odd forms."""
    names = draw.sample(FLAT, draw.randrange(4))
    options = {name: draw.choice(DRAWN[name]) for name in names}
    if draw.random() < 0.6:
        section = draw.choice(NESTED)
        inside = draw.sample(SECTIONS[section], draw.randint(0, len(SECTIONS[section])))
        options[section] = {name: draw.choice(DRAWN[name]) for name in inside}
    return options


def _as_object(options: dict[str, Any]) -> Options:
    """Set declared options in different ways, and return them."""
    made = Options()
    for name, value in options.items():
        home = next((section for section, names in SECTIONS.items() if name in names), None)
        if name in SECTIONS:
            for inner, entry in value.items():  # 0.9.3 loses the others if given the dict itself
                setattr(getattr(made, name), inner, entry)
        elif home is not None:
            setattr(getattr(made, home), name, value)
        elif name in ("optimization_level", "resilience_level"):
            setattr(made, name, value)
    return made


def sequences(place: Place) -> Calls:
    """Make primitives, change their options, and run them, in a random order."""
    del place
    for number in range(SEQUENCES):
        draw = random.Random(number)  # separate, so that a failure does not affect the others
        kind = draw.choice([Sampler, Estimator])
        session = spied(simulator=draw.random() < 0.5)
        options, form = drawn(draw), draw.choice(["dict", "object", "none"])
        made: list[Any] = []
        yield f"{number} made {kind.__name__}", partial(_make, made, kind, session, options, form)
        for step in range(draw.randrange(1, 5)):
            yield f"{number}.{step} {kind.__name__}", _step(draw, made, session)


def _make(made: list[Any], kind: Any, session: Any, options: Any, form: str) -> Any:
    given = {"dict": options, "none": None}.get(form) if form != "object" else _as_object(options)
    made.append(kind(session=session, options=given))
    return _options_of(made[0])


def _step(draw: random.Random, made: list[Any], session: Any) -> Callable[[], Any]:
    change, place = drawn(draw), draw.randrange(4)
    if place == 0:
        return lambda: (made[0].set_options(**change), _options_of(made[0]))[1]
    if place == 1:
        section = draw.choice(list(SECTIONS))
        name = draw.choice(SECTIONS[section])
        value = draw.choice(DRAWN[name])
        return lambda: (_edited(made[0], section, name, value), _options_of(made[0]))[1]

    def run() -> Any:
        session.run.reset_mock()
        circuits: list[Any] = [[measured()]]
        if isinstance(made[0], Estimator):
            circuits = [[unmeasured()] * 2, ["ZZ", "XI"]]
        result = made[0].run(*circuits, **change)
        return [result is session.run.return_value, asked(session), _options_of(made[0])]

    return run


def _edited(primitive: Any, section: str, name: str, value: Any) -> None:
    primitive.options.get(section)[name] = value


def _options_of(primitive: Any) -> Any:
    return shown(dict(primitive.options.__dict__))


def option_values(place: Place) -> Calls:
    """Run with each unusual value, flat and in its section, on a mock session."""
    del place
    for name, values in FORMS.items():
        labels = {f"{type(value).__name__} {value!s:.20}": value for value in values}
        for kind, arguments in ((Sampler, [measured()]), (Estimator, [unmeasured(), "ZZ"])):

            def run(kind: Any = kind, arguments: Any = arguments, **options: Any) -> Any:
                session = spied()
                kind(session=session).run(*arguments, **options)
                return asked(session)

            for call, function in each(run, labels, name):
                yield f"{kind.__name__} {call}", function


def option_objects(place: Place) -> Calls:
    """Create, change and read options objects."""
    del place

    class Plain(Options):
        times = 3

        def double(self) -> Any:
            return self.execution.shots * 2

    @dataclass
    class Declaring(Options):
        label: str = "none"

        def double(self) -> Any:
            return self.label * 2

    @dataclass
    class Seeded(SimulatorOptions):
        method: str = "automatic"

    for name, cls in {"plain": Plain, "dataclass": Declaring}.items():
        yield name, lambda cls=cls: [asdict(cls()), cls().double(), isinstance(cls(), cls)]
        yield f"{name} more", lambda cls=cls: [asdict(cls(foo=1)), cls(foo=1).double()]
        yield f"{name} later", lambda cls=cls: _later(cls())
        yield f"{name} sections", lambda cls=cls: asdict(cls(execution={"shots": 3}, simulator={}))
        yield f"{name} class", lambda cls=cls: [is_dataclass(cls), cls.__name__]
        yield f"{name} used", partial(_used, cls)
    yield "declared", lambda: Declaring(label="x", foo=1).label
    yield "section", lambda: asdict(Options(simulator=Seeded(method="x")))
    yield "section kept", lambda: type(Options(simulator=Seeded()).simulator).__name__

    def assigned(read: Callable[[Any], Any], **fields: Any) -> Any:
        options = Options()
        options.simulator = fields
        return read(options.simulator)

    for number, read in enumerate(
        (
            lambda simulator: simulator["seed_simulator"],
            lambda simulator: simulator.get("coupling_map", "none"),
            lambda simulator: [key in simulator for key in ("seed_simulator", "noise_model")],
            sorted,
            lambda simulator: sorted(simulator.items()),
            lambda simulator: {**simulator},
            lambda simulator: [simulator.setdefault("basis_gates", ["x"]), len(simulator)],
            lambda simulator: [simulator.update(basis_gates=["x"]), dict(simulator)],
            lambda simulator: [simulator.pop("seed_simulator"), len(simulator)],
            lambda simulator: [simulator.__setitem__("foo", 1), simulator["foo"]],
            lambda simulator: simulator["nothing"],
        )
    ):
        yield f"assigned {number}", partial(assigned, read, seed_simulator=7)
    for section in (ExecutionOptions, ResilienceOptions, SimulatorOptions):
        yield f"{section.__name__} more", lambda section=section: asdict(section(foo=1))
        yield f"{section.__name__} repr", lambda section=section: repr(section(foo=1))


def _later(options: Any) -> Any:
    options.foo = 1
    options.execution.shots = 7
    return [type(options).__name__, options.double(), options.foo]


def _used(cls: Any) -> Any:
    session = spied()
    options = cls(optimization_level=1, execution={"shots": 7})
    options.simulator = {"seed_simulator": 7, "coupling_map": [[0, 1]]}
    Sampler(session=session, options=options).run(measured())
    return asked(session)["inputs"]["run_options"]


def given(place: Place) -> Calls:
    """Run on odd circuits, values and observables."""
    del place
    one, two = measured(1), measured(2)

    def sample(circuits: Any = one, parameter_values: Any = None) -> Any:
        session = spied()
        Sampler(session=session).run(circuits, parameter_values)
        return asked(session)["inputs"]

    values = {
        "number": 1,
        "flat": [1],
        "nested": [[1]],
        "array": np.array([[1]]),
        "zero": np.array(1),
        "bool": True,
        "text": "1",
        "complex": 1j,
        "none in it": [None],
        "many": [[1], [2]],
        "empty": [],
        "set": {1},
        "nan": float("nan"),
        "numpy": np.float32(0.5),
        "dict": {},
    }
    yield from each(sample, values, "parameter_values")
    circuits = {
        "list": [measured()],
        "twice": [measured()] * 2,
        "none": None,
        "empty": [],
        "text": "x",
        "unmeasured": unmeasured(),
        "mixed": [measured(), 3],
        "tuple": (measured(),),
        "names": [measured(0, "a"), measured(0, "b")],
    }
    yield from each(sample, circuits, "circuits")
    yield "two values", lambda: sample(two, [1, 2])
    yield "three sets", lambda: sample([one, two, one], [[1], [1, 2], [3]])

    def estimate(observables: Any) -> Any:
        session = spied()
        Estimator(session=session).run(unmeasured(), observables)
        return asked(session)["inputs"]

    observables = {
        "label": "ZZ",
        "phase": "-iZZ",
        "Pauli": Pauli("iZZ"),
        "list": PauliList(["ZZ", "XX"]),
        "complex": SparsePauliOp(["ZZ", "XX"], [1j, 0.5]),
        "none": None,
        "width": "Z",
        "number": 3,
        "raising": Operator(np.diag([0, 0, 1], 1)),
        "commutator": SparsePauliOp(["XX", "XX"], [1j, -1j]),
        "zero": SparsePauliOp(["II"], [0]),
    }
    yield from each(estimate, observables, "observables")


def overridden(place: Place) -> Calls:
    """Subclass primitives and override the method that ``run`` calls."""
    del place

    def derived(base: Any) -> Any:
        class Derived(base):
            def _run(self, circuits: Any, *others: Any, **options: Any) -> Any:
                return ["entered", len(circuits), super()._run(circuits, *others, **options)]

        return Derived

    for base, arguments in ((Sampler, [measured()]), (Estimator, [unmeasured(), "ZZ"])):

        def run(base: Any = base, arguments: Any = arguments) -> Any:
            session = spied()
            entered, number, job = derived(base)(session=session).run(*arguments, shots=7)
            return [entered, number, job is session.run.return_value, asked(session)]

        yield base.__name__, run


def deprecated(place: Place) -> Calls:
    """Call primitives by index, with the parameters given to the constructor."""
    del place
    two = measured(2)
    levels = {"optimization_level": 1, "resilience_level": 0}

    def call(parameters: Any, *arguments: Any) -> Any:
        session = spied()
        sampler = Sampler([measured(), two], parameters, session=session, options=levels)
        sampler(*arguments)
        sent = asked(session)["inputs"]
        return [sent["circuit_indices"], np.array(sent["parameter_values"][1], dtype=object).size]

    own = [[], [ANGLE, OTHER]]
    for number, arguments in enumerate(
        (
            (own, [0], [[]]),
            (own, [-2], [[]]),
            (own, [-1], [[1, 2]]),
            (own, [0, -1], [[], [1, 2]]),
            (own, [5], [[]]),
            (own, [1], [[1]]),
            ([[], [ANGLE]], [1], [[1]]),
            ([[], [OTHER, ANGLE]], [1], [[1, 2]]),
            ([[], [ANGLE, OTHER, ANGLE]], [1], [[1, 2, 3]]),
            ([[]], [0], [[]]),
        )
    ):
        yield f"call {number}", partial(call, *arguments)


def default_sessions(place: Place) -> Calls:
    """Create primitives for backends and names in turn, inside and outside a block."""
    service = place.service()
    backend = service.backend(DEVICE)
    draw = random.Random(7)
    held: list[Any] = []  # so that no id() is reused

    def make(how: str) -> Any:
        arguments: dict[str, Any] = {
            "object": {"session": backend},
            "name": {"session": DEVICE, "service": service},
            "service": {"service": service, "options": {"backend": DEVICE}},
        }[how]
        primitive = draw.choice([Sampler, Estimator])(**arguments)
        held.append(primitive.session)
        return [len({id(each) for each in held}), primitive.session.backend()]

    def block(how: str) -> Any:
        sessions._DEFAULT_SESSION.set(None)  # 0.9.3 does not restore it after the block
        with Session(service, DEVICE) as session:
            held.append(session)
            primitive = Sampler()
            return [primitive.session is session, make(how), session._active]

    sessions._DEFAULT_SESSION.set(None)
    for step in range(20):
        how = draw.choice(["object", "name", "service"])
        if draw.random() < 0.3:
            yield f"{step} block {how}", partial(block, how)
        else:
            yield f"{step} {how}", partial(make, how)


GROUPS = [
    sequences,
    option_values,
    option_objects,
    given,
    overridden,
    deprecated,
    default_sessions,
]
