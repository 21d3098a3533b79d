"""A backend with the options of one job: circuits are fitted to it and run on it."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.transpiler import InstructionDurations, TranspilerError
from qiskit.transpiler.timing_constraints import TimingConstraints

from qiskit_ibm_runtime.local.devices import catalogue

from . import noise, runs
from .backend import CLIFFORD
from .fitting import Fitting
from .outcomes import Outcomes
from .sweeps import swept
from .unfolding import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit_aer.noise import NoiseModel

    from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation

    from .backend import LocalBackend
    from .sweeps import Point

logger = logging.getLogger(__name__)

_FREE = {"barrier", "delay", "jump", "mark", "measure", "reset"}


class Machine:
    """One backend as one job sees it.

    Args:
        backend: The device or simulator.
        transpilation: How circuits are fitted to it; its map and gates come before the backend's.
        run: Shots, seed and noise; the noise of a model given comes before the device's.
    """

    def __init__(self, backend: LocalBackend, transpilation: Transpilation, run: Run) -> None:
        self.backend = backend
        self.configuration = backend.configuration()
        self.seed = run.seed
        self.given_noise: NoiseModel | None = run.noise_model
        self._settings = transpilation
        self._device = not self.configuration.simulator
        if transpilation.coupling_map == []:
            raise ValueError(
                "'coupling_map' is empty: it has no qubits to run on. Leave it out to couple all."
            )
        self.coupling_map = transpilation.coupling_map or (
            self.configuration.coupling_map if self._device else None
        )
        self.basis_gates: list[str] = transpilation.basis_gates or self._own_gates()
        self._part = self._streams = 0
        self._inverses: dict[Any, list[tuple[Any, list[int]]]] = {}
        if run.shots is not None and run.shots > self.configuration.max_shots:
            raise ValueError(
                f"{self.name} takes up to {self.configuration.max_shots} shots, not {run.shots}."
            )

    @property
    def name(self) -> str:
        """The backend's name."""
        return str(self.configuration.backend_name)

    @property
    def noisy(self) -> bool:
        """Whether anything is simulated but the circuits themselves."""
        if self.given_noise is not None:
            return not self.given_noise.is_ideal()
        return self.backend.properties() is not None

    def noise_of(self, circuit: QuantumCircuit) -> NoiseModel | None:
        """The noise that a circuit is run with."""
        return self.backend.noise_of([circuit], self.given_noise)

    def _own_gates(self) -> list[str]:
        if not self._device and self.given_noise is not None and self.noisy:
            return noise.basis_gates(self.given_noise)
        return list(self.configuration.basis_gates)

    def transpiled(self, circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
        """The circuits as the options ask for them, without control flow but for jumps.

        Raises:
            ValueError: If a circuit is too wide, is to run as it is on a device that cannot, or
                cannot be simulated at all.
        """
        for circuit in circuits:
            self._check_width(circuit)
        if not (self._settings.skip or self._is_free):
            return [self._fitted(circuit) for circuit in circuits]
        circuits = [self.backend.lowered(circuit, self.given_noise) for circuit in circuits]
        for circuit in circuits:
            self._check_gates(circuit)
        return circuits

    def _fitted(self, circuit: QuantumCircuit) -> QuantumCircuit:
        try:
            return self._fitting.fitted(circuit)
        except TranspilerError as error:
            others = sorted({item.operation.name for item in circuit.data} - CLIFFORD)
            if self.backend.method != "stabilizer" or self._settings.basis_gates or not others:
                raise
            raise UnsupportedError(
                f"{self.name} runs Clifford gates only, and circuit {circuit.name!r} has "
                f"{', '.join(others)}. Use ibmq_qasm_simulator or simulator_extended_stabilizer."
            ) from error

    @property
    def _is_free(self) -> bool:
        """Whether there is nothing to fit circuits to: an ideal simulator that takes any gate."""
        default = replace(self._settings, level=1, layout_method=None, routing_method=None)
        return (
            not self._device
            and not self.noisy
            and default == type(default)()
            and self.backend.takes_any_gate
        )

    @cached_property
    def _fitting(self) -> Fitting:
        given = self._settings
        settings = {
            "layout_method": given.layout_method,
            "routing_method": given.routing_method,
            "translation_method": given.translation_method,
            "approximation_degree": given.approximation_degree,
            "seed_transpiler": self.seed if given.seed is None else given.seed,
            **given.further,
        }
        if "scheduling_method" in settings:
            settings.update(self._timing(given.further))
        return Fitting(
            self.basis_gates,
            self.coupling_map,
            given.level,
            given.initial_layout,
            self.backend.properties() if self._at_home() else None,
            noise.names(self.given_noise),
            settings,
        )

    def _timing(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a scheduler has to know: how long everything takes."""
        durations, dt = given.get("instruction_durations"), getattr(self.configuration, "dt", None)
        made = InstructionDurations(durations, dt)
        if durations is None:
            made = InstructionDurations.from_backend(self.backend)
        constraints = TimingConstraints(**given.get("timing_constraints") or {})
        return {"instruction_durations": made, "timing_constraints": constraints}

    def in_own_gates(self, *names: str) -> list[Any]:
        """Gates on one qubit, by their names, in the gates of the backend."""
        return _translated(names, tuple(self.basis_gates))

    def inverse(self, gate: Any) -> list[tuple[Any, list[int]]]:
        """The inverse of a gate in the gates of the backend, each with the qubits it acts on."""
        key = (gate.name, *(np.asarray(value).tobytes() for value in gate.params))
        if key not in self._inverses:
            circuit = QuantumCircuit(gate.num_qubits)
            circuit.append(gate.inverse(), range(gate.num_qubits))
            self._inverses[key] = [
                (item.operation, [circuit.find_bit(qubit).index for qubit in item.qubits])
                for circuit in [_transpiled(circuit, self.basis_gates)]
                for item in circuit.data
            ]
        return self._inverses[key]

    def begin(self, part: int) -> None:
        """Begin a part of the job: whatever ran before, the seeds are those of this part."""
        self._part, self._streams = part, 0

    def rng(self) -> np.random.Generator:
        """Random numbers of their own, a function of the job's seed, the part and the call."""
        return runs.rng(self._next_seed())

    def _next_seed(self) -> list[int] | None:
        """Another seed at each call; ``None`` if the job has none."""
        self._streams += 1
        return None if self.seed is None else [self.seed, self._part, self._streams]

    def _at_home(self) -> bool:
        """Whether the calibration tells about the map and the gates in use."""
        return not (self._settings.coupling_map or self._settings.basis_gates)

    def _check_width(self, circuit: QuantumCircuit) -> None:
        width = self.configuration.n_qubits
        if circuit.num_qubits > width:
            reason = ""
            if self.backend.method == "statevector":
                reason = f", as many as fit in {catalogue.memory() / 2**30:.1f} GiB of memory"
            raise ValueError(
                f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits; "
                f"{self.name} has {width}{reason}."
            )

    def _check_gates(self, circuit: QuantumCircuit) -> None:
        """A device runs its own gates on its own pairs of qubits only; a simulator runs any."""
        if not self._device:
            return
        allowed = {*self.basis_gates, *_FREE, *noise.names(self.given_noise)}
        pairs = {tuple(pair) for pair in self.coupling_map or []}
        for item in circuit.data:
            name = item.operation.label or item.operation.name
            where = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
            if name not in allowed:
                raise ValueError(
                    f"Circuit {circuit.name!r} has the gate {name!r}, which {self.name} does not "
                    "run. Leave skip_transpilation off, or transpile the circuit to the backend."
                )
            if name not in _FREE and len(where) == 2 and pairs and where not in pairs:
                raise ValueError(
                    f"Circuit {circuit.name!r} has {name!r} on the qubits {where}, which are not "
                    f"coupled on {self.name}. Leave skip_transpilation off, or transpile it."
                )

    def outcomes(
        self, circuits: list[QuantumCircuit], shots: int, points: Sequence[Point] | None = None
    ) -> list[Outcomes]:
        """Run circuits of one kind and return what was measured.

        Each call has its own seed, derived from the job's, so that its samples are its own.

        Args:
            circuits: The circuits; one with parameters may come several times.
            shots: How often each is run.
            points: For each circuit the values of its parameters, if they have any.

        Raises:
            RuntimeError: If a circuit cannot be simulated, with the reason.
        """
        saved = self.data(circuits, shots, points)
        return [
            Outcomes.of(data["counts"], circuit.num_clbits)
            for data, circuit in zip(saved, circuits)
        ]

    def data(
        self, circuits: list[QuantumCircuit], shots: int = 1, points: Sequence[Point] | None = None
    ) -> list[dict[str, Any]]:
        """Run circuits and return what each one counted or saved."""
        if not circuits:
            return []
        logger.info("Running %d circuits with %d shots on %s.", len(circuits), shots, self.name)
        sweeps, order = swept(circuits, points or [{}] * len(circuits))
        result = self.backend.simulate(
            sweeps, self.given_noise, shots=shots, seed=self._next_seed()
        ).result()
        if not result.success:
            raise RuntimeError(f"{self.name} could not run the job: {_reason(result)}")
        data = {place: result.data(number) for number, place in enumerate(order)}
        return [data[place] for place in range(len(circuits))]


def _transpiled(circuit: QuantumCircuit, basis_gates: Sequence[str]) -> Any:
    return transpile(circuit, basis_gates=list(basis_gates), optimization_level=1)


@lru_cache(maxsize=64)  # one job after the other asks for the same few
def _translated(names: tuple[str, ...], basis_gates: tuple[str, ...]) -> list[Any]:
    circuit = QuantumCircuit(1)
    for name in names:
        getattr(circuit, name)(0)
    return [item.operation for item in _transpiled(circuit, basis_gates).data]


def _reason(result: Any) -> str:
    told = [r.status for r in result.results if not r.success]
    return "; ".join(str(status) for status in told) or str(result.status)
