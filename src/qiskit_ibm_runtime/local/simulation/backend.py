"""The backend that programs are given: a device or a simulator, on Aer."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.providers import Options
from qiskit_aer import AerSimulator

from qiskit_ibm_runtime.local.devices import catalogue, herons, sizes
from qiskit_ibm_runtime.local.devices.simulators import CLIFFORD_GATES, METHODS, SHARE
from qiskit_ibm_runtime.program import ProgramBackend
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from . import exact, lowering, methods, noise, runs
from .sweeps import Loaded, Sweep
from .unfolding import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit_aer.noise import NoiseModel

_VECTORS = {"automatic", "statevector"}
CLIFFORD = {*CLIFFORD_GATES, "barrier", "delay", "jump", "mark", "measure", "reset"}
"""What the stabilizer method can simulate."""

ONE_THREAD = 14
"""Qubits from which on Aer follows a state with several threads."""
CONTROL_FLOW = (
    "if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop",
)  # fmt: skip
MOST_NOISE_MODELS = 64
"""Noise models of sets of qubits that are kept for each device."""


class LocalBackend(ProgramBackend):
    """Runs circuits on Aer, with the noise of the device that it stands for.

    Args:
        configuration: Document of the backend as the service sends it.
        properties: Its calibration; empty for a simulator.
    """

    def __init__(self, configuration: dict[str, Any], properties: dict[str, Any]) -> None:
        decoded = configuration_from_server_data(configuration)
        if decoded is None:
            raise ValueError(
                f"The configuration of {configuration.get('backend_name')!r} cannot be understood."
            )
        # What terra's transpiler leaves in circuits for a backend; `run` unfolds it.
        decoded.basis_gates = [*decoded.basis_gates, *CONTROL_FLOW]
        super().__init__(decoded)
        self._properties = properties_from_server_data(properties) if properties else None
        self._noise: dict[frozenset[int], NoiseModel] = {}
        self._name = str(decoded.backend_name)
        self.method = METHODS.get(self._name, "automatic")

    @staticmethod
    def of(name: str | Mapping[str, str]) -> LocalBackend:
        """The backend of this name, or of a document's ``name``; the same object each time."""
        return _made(name if isinstance(name, str) else name["name"])

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def properties(self) -> Any:
        """The calibration; ``None`` for a simulator."""
        return self._properties

    def defaults(self) -> None:
        """Pulses are not simulated."""

    @property
    def takes_any_gate(self) -> bool:
        """Whether every gate can be simulated, not only those of a method."""
        return self.method in ("automatic", "statevector")

    def lowered(
        self, circuit: QuantumCircuit, noise_model: NoiseModel | None = None
    ) -> QuantumCircuit:
        """A circuit as it can be simulated with some noise, or without.

        Raises:
            UnsupportedError: If it cannot be.
        """
        names = noise.names(noise_model)
        return lowering.lowered(circuit, lowering.gates_of(self.method), names)

    def simulate(
        self,
        sweeps: list[Sweep],
        noise_model: NoiseModel | None = None,
        *,
        shots: int,
        seed: runs.Seed,
        **options: Any,
    ) -> runs.SimulationJob:
        """Start to run circuits on Aer, with the device's noise or the noise given.

        Shots of one circuit run in one thread: with more, the counts of a seed depend on how many
        cores there are. Small ideal circuits run in parallel; with noise, that can take twice the
        work in the same time.

        Returns:
            The job, whose result has an experiment for each point, in the order of the sweeps.

        Raises:
            UnsupportedError: If a circuit cannot be simulated as it is meant.
        """
        lowered = [one for sweep in sweeps for one in self._lowered(sweep, noise_model)]
        circuits = [sweep.circuit for sweep in lowered]
        model = self.noise_of(circuits, noise_model)
        loaded = [one for sweep in lowered for one in self._loaded(sweep, shots, model)]
        chosen = [self._method_of(one.circuit, shots, model) for one in loaded]
        for one, method in zip(loaded, chosen):
            if method in _VECTORS and one.circuit.num_qubits > sizes.NARROW:
                _check_size(one.circuit, model, shots, method)
        are_parallel = model is None and all(c.num_qubits < ONE_THREAD for c in circuits)

        def simulator(method: str) -> AerSimulator:
            return AerSimulator(
                method=method,
                noise_model=noise.without_delays(model),
                max_parallel_shots=1,
                max_parallel_experiments=0 if are_parallel and method in _VECTORS else 1,
                max_memory_mb=int(SHARE * catalogue.memory()) // 2**20,
                **self._of_the_method(circuits),
            )

        keys = [
            (method, 0 if self._may_share_a_run(one.circuit, shots, model, method) else number)
            for number, (one, method) in enumerate(zip(loaded, chosen), 1)
        ]
        batches = [
            runs.Batch(simulator(method), [one for _, one in group])
            for (method, _), group in groupby(zip(keys, loaded), key=itemgetter(0))
        ]
        return runs.started(batches, shots, seed, **options)

    def _lowered(self, sweep: Sweep, noise_model: NoiseModel | None) -> list[Sweep]:
        """A sweep that can be simulated, or one for each point."""
        circuit = sweep.circuit
        if not circuit.parameters:
            return [Sweep(self.lowered(circuit, noise_model), sweep.points)]
        gates, names = lowering.gates_of(self.method), noise.names(noise_model)
        if lowering.is_ready(circuit, gates, names):
            return [sweep]
        return [Sweep(self.lowered(bound, noise_model)) for bound in sweep.bound()]

    def _loaded(self, sweep: Sweep, shots: int, model: NoiseModel | None) -> list[Loaded]:
        """What Aer is given for a sweep: one circuit to bind, or one for each point."""
        loaded = sweep.loaded() if model is None else None
        if loaded and self._may_share_a_run(loaded.circuit, shots, model, self.method):
            return [loaded]
        return [
            Loaded(lowering.closed(noise.spelled_out(circuit, model)), {})
            for circuit in sweep.bound()
        ]

    @staticmethod
    def _may_share_a_run(
        circuit: QuantumCircuit, shots: int, model: NoiseModel | None, method: str
    ) -> bool:
        """Whether a circuit is run right in one run with others, and has shots of its own there."""
        if model is not None:
            return method != "automatic" and shots <= runs.SHOTS_APART
        return shots <= runs.SHOTS_APART or (
            method != "extended_stabilizer" and exact.is_drawn_at_the_end(circuit)
        )

    def _method_of(self, circuit: QuantumCircuit, shots: int, model: NoiseModel | None) -> str:
        method = methods.method_of(circuit, self.method, shots, noisy=model is not None)
        wide = len(lowering.used(circuit)) > methods.WIDEST_VECTOR
        if wide and method == "automatic" and model is None and self._name in herons.IDEAL:
            # A whole device fits in no state vector; what is entangled little fits in this.
            return "matrix_product_state"
        return method

    def _of_the_method(self, circuits: list[QuantumCircuit]) -> dict[str, Any]:
        """Settings of the method.

        The extended stabilizer simulator walks from one bit string to the next for each shot. Its
        5000 steps make 4000 shots on two qubits take five minutes; the walk need not be so long
        for few qubits.
        """
        if self.method != "extended_stabilizer":
            return {}
        qubits = max(circuit.num_qubits for circuit in circuits)
        return {"extended_stabilizer_metropolis_mixing_time": min(5000, 50 * qubits)}

    def noise_of(
        self, circuits: list[QuantumCircuit], given: NoiseModel | None = None
    ) -> NoiseModel | None:
        """The noise on the qubits that circuits use: of the model given, else the device's own."""
        qubits = frozenset(
            circuit.find_bit(qubit).index
            for circuit in circuits
            for item in circuit.data
            for qubit in item.qubits
            if item.operation.name != "barrier"
        )
        if given is not None:
            return None if given.is_ideal() else noise.restricted(given, qubits)
        if self._properties is None:
            return None
        if qubits not in self._noise:  # the circuits of a device use the same ones again and again
            if len(self._noise) >= MOST_NOISE_MODELS:
                self._noise.clear()
            dt = getattr(self.configuration(), "dt", None)
            self._noise[qubits] = noise.of_device(self._properties, qubits, dt)
        return self._noise[qubits]

    def run(
        self, circuits: QuantumCircuit | list[QuantumCircuit], **run_config: Any
    ) -> runs.SimulationJob:
        """Run circuits as they are.

        Args:
            circuits: One circuit or several.
            run_config: ``shots``, ``memory``, ``seed_simulator`` and further options of Aer.

        Returns:
            The job, which counts and results are read from.
        """
        options = dict(run_config)
        shots, seed = options.pop("shots", None), options.pop("seed_simulator", None)
        noise_model, binds = options.pop("noise_model", None), options.pop("parameter_binds", None)
        listed = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
        shots = self.options.shots if shots is None else shots
        sweeps = Sweep.each(listed, binds or [{}] * len(listed))
        return self.simulate(sweeps, noise_model, shots=shots, seed=seed, **options)


def _check_size(circuit: QuantumCircuit, model: NoiseModel | None, shots: int, method: str) -> None:
    """Check that the states of a circuit fit in memory, and shots in the time of a job.

    Raises:
        UnsupportedError: If they do not, unless Aer takes the stabilizer method by itself.
    """
    errors = list(noise.gate_errors(model).values())
    circuits = [circuit, *(part for error in errors for part in error.circuits)]
    is_clifford = all(item.operation.name in CLIFFORD for each in circuits for item in each.data)
    if is_clifford and method == "automatic":
        return
    if not errors and method == "automatic" and qiskit_aer.__version__ < "0.13":
        return  # where memory is short, this Aer takes a matrix product state by itself
    used = [item for item in circuit.data if item.operation.name != "barrier"]
    qubits = len({qubit for item in used for qubit in item.qubits})
    is_drawn = not errors and exact.has_one_ending(circuit)
    reason = sizes.refusal(
        circuit.name,
        qubits,
        len(used),
        1 if is_drawn else shots,
        catalogue.memory(),
        noisy=bool(errors),
    )
    if reason is not None:
        raise UnsupportedError(reason)


@lru_cache(maxsize=4)
def _made(name: str) -> LocalBackend:
    return LocalBackend(catalogue.configuration(name), catalogue.properties(name))
