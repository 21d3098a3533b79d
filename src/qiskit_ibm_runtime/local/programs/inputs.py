"""What the primitives' programs are given, checked and with its defaults."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

from qiskit_ibm_runtime._circuits.free_parameters import free_parameters
from qiskit_ibm_runtime._codecs.limits import check_noise_model

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

DEFAULT_SHOTS = 4000


_SHARED = (
    "initial_layout",
    "layout_method",
    "routing_method",
    "translation_method",
    "approximation_degree",
    "coupling_map",
    "basis_gates",
)
_FURTHER = (
    "scheduling_method",
    "instruction_durations",
    "timing_constraints",
    "unitary_synthesis_method",
    "unitary_synthesis_plugin_config",
    "init_method",
    "optimization_method",
    "hls_config",
)


@dataclass(frozen=True)
class Transpilation:
    """How circuits are fitted to the backend."""

    level: int = 1
    skip: bool = False
    initial_layout: list[int] | None = None
    layout_method: str | None = None
    routing_method: str | None = None
    translation_method: str | None = None
    approximation_degree: float | None = None
    coupling_map: list[list[int]] | None = None
    basis_gates: list[str] | None = None
    seed: int | None = None
    further: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_the_transpiler(cls, arguments: dict[str, Any]) -> Transpilation:
        """Read arguments of Qiskit's ``transpile``.

        Raises:
            ValueError: If one of them makes no sense here.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        level, seed = given.pop("optimization_level", 1), given.pop("seed_transpiler", None)
        layout = _positions(given.pop("initial_layout", None))
        further = {name: given.pop(name) for name in _FURTHER if name in given}
        for name in given:
            if name not in _SHARED:
                raise ValueError(
                    f"{name!r} is nothing that the transpiler can be told here. It takes "
                    f"{', '.join(sorted((*_FURTHER, *_SHARED)))}."
                )
        return cls(**given, level=level, initial_layout=layout, seed=seed, further=further)

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Transpilation:
        given = dict(settings)
        level = (given.pop("optimization_settings", None) or {}).get("level")
        layout = _positions(given.pop("initial_layout", None))
        known = {key: given.pop(key) for key in _SHARED if key in given}
        skip = bool(given.pop("skip_transpilation", False))
        _note_ignored("transpilation", given)
        return cls(
            **{**known, "level": 1 if level is None else level},
            skip=skip,
            initial_layout=layout,
        )


@dataclass(frozen=True)
class Resilience:
    """Options about error mitigation."""

    level: int = 0
    noise_amplifier: str = "TwoQubitAmplifier"
    noise_factors: tuple[float, ...] = (1, 3, 5)
    extrapolator: str = "LinearExtrapolator"

    @classmethod
    def of(cls, settings: dict[str, Any], highest: int) -> Resilience:
        given = {key: value for key, value in settings.items() if value is not None}
        known = {key: given.pop(key) for key in list(given) if key in cls.__dataclass_fields__}
        _note_ignored("resilience", given)
        if known.get("level", 0) not in range(highest + 1):
            raise ValueError(
                f"There is no resilience level {known['level']} here; there are 0 to {highest}."
            )
        if "noise_factors" in known:
            known["noise_factors"] = tuple(known["noise_factors"])
        return cls(**known)


@dataclass(frozen=True)
class Run:
    """Options about the execution of circuits."""

    shots: int | None = DEFAULT_SHOTS
    seed: int | None = None
    noise_model: Any = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Run:
        given = dict(options)
        shots = given.pop("shots", DEFAULT_SHOTS)
        if shots is not None and (int(shots) != shots or shots < 1):
            raise ValueError(f"The number of shots is a whole number above 0, not {shots!r}.")
        noise = given.pop("noise_model", None)
        if isinstance(noise, dict):
            noise = _noise_model(noise)
        seed = given.pop("seed_simulator", None)
        given.pop("init_qubits", None)  # a simulator starts every shot in the ground state anyway
        _note_ignored("run", given)
        return cls(None if shots is None else int(shots), seed, noise)


@dataclass(frozen=True)
class PrimitiveInputs:
    """The circuits with their values, in the order asked for, and the options."""

    circuits: Sequence[QuantumCircuit]
    indices: list[int]
    values: list[dict[Any, float]]
    transpilation: Transpilation
    resilience: Resilience
    run: Run

    @classmethod
    def of(cls, inputs: dict[str, Any], highest_level: int) -> PrimitiveInputs:
        """Read and check what a primitive sent.

        Raises:
            ValueError: If lengths or indices do not fit, or an option has a value that is not
                allowed.
        """
        circuits = inputs["circuits"]
        circuits = [circuits] if isinstance(circuits, QuantumCircuit) else circuits
        indices = inputs.get("circuit_indices")
        indices = list(range(len(circuits)) if indices is None else indices)
        return cls(
            circuits,
            indices,
            _values(circuits, indices, inputs),
            Transpilation.of(inputs.get("transpilation_settings") or {}),
            Resilience.of(inputs.get("resilience_settings") or {}, highest_level),
            Run.of(inputs.get("run_options") or {}),
        )

    def only(self, questions: list[int]) -> PrimitiveInputs:
        """The same with some of what is asked for."""
        return replace(
            self,
            indices=[self.indices[question] for question in questions],
            values=[self.values[question] for question in questions],
        )


def _values(
    circuits: Sequence[QuantumCircuit], indices: list[int], inputs: dict[str, Any]
) -> list[dict[Any, float]]:
    """The value of each parameter, for each circuit that is asked for."""
    parameters = inputs.get("parameters")
    rows = inputs.get("parameter_values")
    rows = [[] for _ in indices] if rows is None else list(rows)
    if len(rows) != len(indices):
        raise ValueError(
            f"There are {len(indices)} circuits to run and {len(rows)} sets of values."
        )
    bound = []
    for index, row in zip(indices, rows):
        if not 0 <= index < len(circuits):
            raise ValueError(f"There is no circuit {index}; there are {len(circuits)}.")
        names = list(parameters[index] if parameters else free_parameters(circuits[index]))
        if len(names) != len(row):
            raise ValueError(f"Circuit {index} takes {len(names)} values, got {len(row)}.")
        bound.append(dict(zip(names, row)))
    return bound


def _noise_model(data: dict[str, Any]) -> Any:
    from qiskit_aer.noise import NoiseModel

    check_noise_model(data)
    with warnings.catch_warnings():
        # Aer deprecates this since 0.10 and has nothing in its place.
        warnings.simplefilter("ignore", DeprecationWarning)
        return NoiseModel.from_dict(data)


def _positions(layout: Any) -> list[int] | None:
    """The places of the qubits in their order, of a list or of a dictionary by number."""
    if not isinstance(layout, dict):
        return layout  # type: ignore[no-any-return]  # a list or nothing
    return [position for _, position in sorted(layout.items(), key=lambda item: int(item[0]))]


def _note_ignored(section: str, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            logger.warning("The %s option %r is not known here and does nothing.", section, name)
