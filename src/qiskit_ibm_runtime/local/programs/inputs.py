"""Inputs and options of the V1 primitive programs, with validation and defaults."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

from qiskit_ibm_runtime._circuits.dataflow import free_parameters
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
    """Options of transpilation."""

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
            ValueError: If an argument is not supported here.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        level, seed = given.pop("optimization_level", 1), given.pop("seed_transpiler", None)
        layout = _positions(given.pop("initial_layout", None))
        further = {name: given.pop(name) for name in _FURTHER if name in given}
        for name in given:
            if name not in _SHARED:
                raise ValueError(
                    f"The transpiler option {name!r} is not supported here. Choose from "
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
    """Options of error mitigation."""

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
                f"Unknown resilience level {known['level']}; choose a level from 0 to {highest}."
            )
        if "noise_factors" in known:
            known["noise_factors"] = tuple(known["noise_factors"])
        return cls(**known)


@dataclass(frozen=True)
class Run:
    """Options of execution."""

    shots: int | None = DEFAULT_SHOTS
    seed: int | None = None
    noise_model: Any = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Run:
        given = dict(options)
        shots = given.pop("shots", DEFAULT_SHOTS)
        if shots is not None and (int(shots) != shots or shots < 1):
            raise ValueError(f"The number of shots must be a positive integer, not {shots!r}.")
        noise = given.pop("noise_model", None)
        if isinstance(noise, dict):
            noise = _noise_model(noise)
        seed = given.pop("seed_simulator", None)
        given.pop("init_qubits", None)  # simulated shots always start in the ground state
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
        """Parse and validate the inputs of a primitive.

        Raises:
            ValueError: If lengths or indices do not match, or an option has an invalid value.
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
            f"Expected a set of parameter values for each of {len(indices)} circuits, not "
            f"{len(rows)}."
        )
    bound = []
    for index, row in zip(indices, rows):
        if not 0 <= index < len(circuits):
            raise ValueError(f"Circuit index {index} is out of range for {len(circuits)} circuits.")
        names = list(parameters[index] if parameters else free_parameters(circuits[index]))
        if len(names) != len(row):
            raise ValueError(
                f"Circuit {index} has {len(names)} parameters, but {len(row)} values were given."
            )
        bound.append(dict(zip(names, row)))
    return bound


def _noise_model(data: dict[str, Any]) -> Any:
    from qiskit_aer.noise import NoiseModel

    check_noise_model(data)
    with warnings.catch_warnings():
        # Deprecated since Aer 0.10, without a replacement.
        warnings.simplefilter("ignore", DeprecationWarning)
        return NoiseModel.from_dict(data)


def _positions(layout: Any) -> list[int] | None:
    """Normalize a layout, given as a list or as a dict by qubit number, to a list."""
    if not isinstance(layout, dict):
        return layout  # type: ignore[no-any-return]  # a list or nothing
    return [position for _, position in sorted(layout.items(), key=lambda item: int(item[0]))]


def _note_ignored(section: str, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            logger.warning("Ignoring unknown %s option %r.", section, name)
