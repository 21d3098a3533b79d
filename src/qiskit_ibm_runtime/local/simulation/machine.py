"""A backend with the options of one job: circuits are fitted to it and run on it."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit, transpile

from qiskit_ibm_runtime.local.devices import catalogue

from . import runs
from .outcomes import Outcomes

if TYPE_CHECKING:
    import numpy as np
    from qiskit_aer.noise import NoiseModel

    from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation

    from .backend import LocalBackend

logger = logging.getLogger(__name__)

_FREE = {"barrier", "delay", "measure", "reset"}
_CONTROL_FLOW = {
    "break_loop",
    "continue_loop",
    "for_loop",
    "if_else",
    "switch_case",
    "while_loop",
}
_NO_GATES = {"kraus", "roerror", "superop", "pauli"}  # noise models list them beside gates


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
        self._given_noise: NoiseModel | None = run.noise_model
        self._settings = transpilation
        self._device = not self.configuration.simulator
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
        if self._given_noise is not None:
            return not self._given_noise.is_ideal()
        return self.backend.properties() is not None

    def noise_of(self, circuit: QuantumCircuit) -> NoiseModel | None:
        """The noise that a circuit is run with."""
        return self.backend.noise_of([circuit], self._given_noise)

    def _own_gates(self) -> list[str]:
        if not self._device and self._given_noise is not None:
            return [name for name in self._given_noise.basis_gates if name not in _NO_GATES]
        return list(self.configuration.basis_gates)

    def transpiled(self, circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
        """The circuits as the options ask for them.

        Raises:
            ValueError: If a circuit is too wide, or is to run as it is on a device that cannot.
        """
        for circuit in circuits:
            self._check_width(circuit)
        if self._settings.skip or not circuits:
            for circuit in circuits:
                self._check_gates(circuit)
            return circuits
        options = self._settings
        return transpile(  # type: ignore[no-any-return]  # a list for a list
            circuits,
            basis_gates=sorted({*self.basis_gates, *_CONTROL_FLOW}),
            coupling_map=self.coupling_map,
            backend_properties=self.backend.properties() if self._at_home() else None,
            initial_layout=options.initial_layout,
            layout_method=options.layout_method,
            routing_method=options.routing_method,
            translation_method=options.translation_method,
            approximation_degree=options.approximation_degree,
            optimization_level=options.level,
            seed_transpiler=self.seed,
        )

    def in_own_gates(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """A circuit on single qubits, or uncoupled ones, in the gates of the backend."""
        return transpile(circuit, basis_gates=self.basis_gates, optimization_level=1)

    @cached_property
    def flip(self) -> QuantumCircuit:
        """A flip of one qubit in the gates of the backend."""
        circuit = QuantumCircuit(1)
        circuit.x(0)
        return self.in_own_gates(circuit)

    def inverse(self, gate: Any) -> list[tuple[Any, list[int]]]:
        """The inverse of a gate in the gates of the backend, each with the qubits it acts on."""
        key = (gate.name, tuple(map(float, gate.params)))
        if key not in self._inverses:
            circuit = QuantumCircuit(gate.num_qubits)
            circuit.append(gate.inverse(), range(gate.num_qubits))
            self._inverses[key] = [
                (item.operation, [circuit.find_bit(qubit).index for qubit in item.qubits])
                for circuit in [self.in_own_gates(circuit)]
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
        allowed = {*self.basis_gates, *_FREE, *_CONTROL_FLOW}
        pairs = {tuple(pair) for pair in self.coupling_map or []}
        for item in circuit.data:
            name = item.operation.name
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

    def outcomes(self, circuits: list[QuantumCircuit], shots: int) -> list[Outcomes]:
        """Run circuits of one kind and return what was measured.

        Each call has its own seed, derived from the job's, so that its samples are its own.

        Raises:
            RuntimeError: If a circuit cannot be simulated, with the reason.
        """
        saved = self.data(circuits, shots)
        return [
            Outcomes.of(data["counts"], circuit.num_clbits)
            for data, circuit in zip(saved, circuits)
        ]

    def data(self, circuits: list[QuantumCircuit], shots: int = 1) -> list[dict[str, Any]]:
        """Run circuits and return what each one counted or saved."""
        if not circuits:
            return []
        logger.info("Running %d circuits with %d shots on %s.", len(circuits), shots, self.name)
        result = self.backend.simulate(
            circuits, self._given_noise, shots=shots, seed=self._next_seed()
        ).result()
        if not result.success:
            raise RuntimeError(f"{self.name} could not run the job: {_reason(result)}")
        return [result.data(number) for number in range(len(circuits))]


def _reason(result: Any) -> str:
    told = [r.status for r in result.results if not r.success]
    return "; ".join(str(status) for status in told) or str(result.status)
