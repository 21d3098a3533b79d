"""Backend with the options of one job, which transpiles circuits and runs them."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.transpiler import InstructionDurations, TranspilerError
from qiskit.transpiler.timing_constraints import TimingConstraints

from qiskit_ibm_runtime.local.devices import catalog

from . import noise, runs
from .backend import CLIFFORD
from .outcomes import Outcomes
from .sweeps import group_by_circuit
from .transpilation import Transpiler
from .unfolding import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit_aer.noise import NoiseModel

    from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation

    from .backend import LocalBackend
    from .sweeps import Point

logger = logging.getLogger(__name__)

_FREE = {"barrier", "delay", "jump", "mark", "measure", "reset"}


class TranspilingBackend:
    """Backend with the transpilation and run options of one job.

    Args:
        backend: The device or simulator.
        transpilation: Options of transpilation; coupling map and basis gates override the
            backend's.
        run: Shots, seed and noise; a given noise model overrides the device's.
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
                "'coupling_map' is empty, so there are no qubits. Omit it to couple all qubits."
            )
        self.coupling_map = transpilation.coupling_map or (
            self.configuration.coupling_map if self._device else None
        )
        self.basis_gates: list[str] = transpilation.basis_gates or self._own_gates()
        self._part = self._streams = 0
        self._inverses: dict[Any, list[tuple[Any, list[int]]]] = {}
        if run.shots is not None and run.shots > self.configuration.max_shots:
            raise ValueError(
                f"{self.name} is limited to {self.configuration.max_shots} shots; {run.shots} were "
                "requested."
            )

    @property
    def name(self) -> str:
        """Name of the backend."""
        return str(self.configuration.backend_name)

    @property
    def noisy(self) -> bool:
        """Whether the simulation has noise."""
        if self.given_noise is not None:
            return not self.given_noise.is_ideal()
        return self.backend.properties() is not None

    def noise_of(self, circuit: QuantumCircuit) -> NoiseModel | None:
        """Return the noise model for a circuit."""
        return self.backend.noise_of([circuit], self.given_noise)

    def _own_gates(self) -> list[str]:
        if not self._device and self.given_noise is not None and self.noisy:
            return noise.basis_gates(self.given_noise)
        return list(self.configuration.basis_gates)

    def transpile(self, circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
        """Transpile circuits by the options, with control flow converted to jumps.

        Raises:
            ValueError: If a circuit has too many qubits, cannot be simulated, or cannot run on the
                device without transpilation.
        """
        for circuit in circuits:
            self._check_width(circuit)
        if not (self._settings.skip or self._is_free):
            return [self._transpile(circuit) for circuit in circuits]
        circuits = [self.backend.lower(circuit, self.given_noise) for circuit in circuits]
        for circuit in circuits:
            self._check_gates(circuit)
        return circuits

    def _transpile(self, circuit: QuantumCircuit) -> QuantumCircuit:
        try:
            return self._transpiler.transpile(circuit)
        except TranspilerError as error:
            others = sorted({item.operation.name for item in circuit.data} - CLIFFORD)
            if self.backend.method != "stabilizer" or self._settings.basis_gates or not others:
                raise
            raise UnsupportedError(
                f"{self.name} supports Clifford gates only, but circuit {circuit.name!r} has "
                f"{', '.join(others)}. Use ibmq_qasm_simulator or simulator_extended_stabilizer."
            ) from error

    @property
    def _is_free(self) -> bool:
        """Whether transpilation is unnecessary: a noiseless simulator that supports any gate."""
        default = replace(self._settings, level=1, layout_method=None, routing_method=None)
        return (
            not self._device
            and not self.noisy
            and default == type(default)()
            and self.backend.takes_any_gate
        )

    @cached_property
    def _transpiler(self) -> Transpiler:
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
        return Transpiler(
            self.basis_gates,
            self.coupling_map,
            given.level,
            given.initial_layout,
            self.backend.properties() if self._at_home() else None,
            noise.names(self.given_noise),
            settings,
        )

    def _timing(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return durations and timing constraints for scheduling."""
        durations, dt = given.get("instruction_durations"), getattr(self.configuration, "dt", None)
        made = InstructionDurations(durations, dt)
        if durations is None:
            made = InstructionDurations.from_backend(self.backend)
        constraints = TimingConstraints(**given.get("timing_constraints") or {})
        return {"instruction_durations": made, "timing_constraints": constraints}

    def in_own_gates(self, *names: str) -> list[Any]:
        """Translate a sequence of single-qubit gates to basis gates."""
        return _translated(names, tuple(self.basis_gates))

    def inverse(self, gate: Any) -> list[tuple[Any, list[int]]]:
        """Return the inverse of a gate in basis gates, each with the qubits on which it acts."""
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
        """Start a part of the job: reset the seeds to those of this part."""
        self._part, self._streams = part, 0

    def rng(self) -> np.random.Generator:
        """Return an independent generator, determined by the job's seed, the part and the call."""
        return runs.rng(self._next_seed())

    def _next_seed(self) -> list[int] | None:
        """Return a different seed at each call, or ``None`` if the job has no seed."""
        self._streams += 1
        return None if self.seed is None else [self.seed, self._part, self._streams]

    def _at_home(self) -> bool:
        """Whether the calibration applies to the coupling map and basis gates in use."""
        return not (self._settings.coupling_map or self._settings.basis_gates)

    def _check_width(self, circuit: QuantumCircuit) -> None:
        width = self.configuration.n_qubits
        if circuit.num_qubits > width:
            reason = ""
            if self.backend.method == "statevector":
                reason = f", the limit with {catalog.memory() / 2**30:.1f} GiB of memory"
            raise ValueError(
                f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits, but "
                f"{self.name} has {width}{reason}."
            )

    def _check_gates(self, circuit: QuantumCircuit) -> None:
        """Check that a device supports the gates of a circuit; simulators support any gate."""
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
                    "support. Disable skip_transpilation, or transpile the circuit for the backend."
                )
            if name not in _FREE and len(where) == 2 and pairs and where not in pairs:
                raise ValueError(
                    f"Circuit {circuit.name!r} has {name!r} on the qubits {where}, which are not "
                    f"coupled on {self.name}. Disable skip_transpilation, or transpile the circuit."
                )

    def outcomes(
        self, circuits: list[QuantumCircuit], shots: int, points: Sequence[Point] | None = None
    ) -> list[Outcomes]:
        """Run circuits and return their outcomes.

        Each call has its own seed, derived from the job's, so that samples are independent.

        Args:
            circuits: The circuits; parametric ones may occur several times.
            shots: Number of shots for each.
            points: Parameter values for each circuit, if circuits have parameters.

        Raises:
            RuntimeError: If a circuit cannot be simulated.
        """
        saved = self.data(circuits, shots, points)
        return [
            Outcomes.of(data["counts"], circuit.num_clbits)
            for data, circuit in zip(saved, circuits)
        ]

    def data(
        self, circuits: list[QuantumCircuit], shots: int = 1, points: Sequence[Point] | None = None
    ) -> list[dict[str, Any]]:
        """Run circuits and return the counts and saved data of each."""
        if not circuits:
            return []
        logger.info("Running %d circuits with %d shots on %s.", len(circuits), shots, self.name)
        sweeps, order = group_by_circuit(circuits, points or [{}] * len(circuits))
        result = self.backend.simulate(
            sweeps, self.given_noise, shots=shots, seed=self._next_seed()
        ).result()
        if not result.success:
            raise RuntimeError(f"{self.name} failed to run the job: {_reason(result)}")
        data = {place: result.data(number) for number, place in enumerate(order)}
        return [data[place] for place in range(len(circuits))]


def _transpiled(circuit: QuantumCircuit, basis_gates: Sequence[str]) -> Any:
    return transpile(circuit, basis_gates=list(basis_gates), optimization_level=1)


@lru_cache(maxsize=64)  # shared by jobs
def _translated(names: tuple[str, ...], basis_gates: tuple[str, ...]) -> list[Any]:
    circuit = QuantumCircuit(1)
    for name in names:
        getattr(circuit, name)(0)
    return [item.operation for item in _transpiled(circuit, basis_gates).data]


def _reason(result: Any) -> str:
    statuses = [r.status for r in result.results if not r.success]
    return "; ".join(str(status) for status in statuses) or str(result.status)
