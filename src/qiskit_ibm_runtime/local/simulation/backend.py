"""Backend on Aer: a simulator, or a simulated device."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.providers import Options
from qiskit_aer import AerSimulator

from qiskit_ibm_runtime.local.devices import catalog, herons, sizes
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
"""Instructions that the stabilizer method can simulate."""

ONE_THREAD = 14
"""Number of qubits from which Aer simulates a state with several threads."""
CONTROL_FLOW = (
    "if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop",
)  # fmt: skip
MOST_NOISE_MODELS = 64
"""Number of noise models, for different sets of qubits, that are cached for each device."""


class LocalBackend(ProgramBackend):
    """Run circuits on Aer, with the noise of the device if the backend is one.

    Args:
        configuration: Configuration of the backend, in the service's format.
        properties: Calibration of the backend; empty for a simulator.
    """

    def __init__(self, configuration: dict[str, Any], properties: dict[str, Any]) -> None:
        decoded = configuration_from_server_data(configuration)
        if decoded is None:
            raise ValueError(
                f"The configuration of {configuration.get('backend_name')!r} is invalid."
            )
        # Makes terra's transpiler accept control flow; `run` unfolds it.
        decoded.basis_gates = [*decoded.basis_gates, *CONTROL_FLOW]
        super().__init__(decoded)
        self._properties = properties_from_server_data(properties) if properties else None
        self._noise: dict[frozenset[int], NoiseModel] = {}
        self._name = str(decoded.backend_name)
        self.method = METHODS.get(self._name, "automatic")

    @staticmethod
    def of(name: str | Mapping[str, str]) -> LocalBackend:
        """Return the backend with a name, given directly or as ``name`` of a dict; cached."""
        return _made(name if isinstance(name, str) else name["name"])

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def properties(self) -> Any:
        """Return the calibration, or ``None`` for a simulator."""
        return self._properties

    def defaults(self) -> None:
        """Return ``None``, because pulses are not simulated."""

    @property
    def takes_any_gate(self) -> bool:
        """Whether any gate can be simulated."""
        return self.method in ("automatic", "statevector")

    def lower(
        self, circuit: QuantumCircuit, noise_model: NoiseModel | None = None
    ) -> QuantumCircuit:
        """Lower a circuit to one that Aer simulates correctly with a noise model.

        Raises:
            UnsupportedError: If the circuit cannot be simulated.
        """
        names = noise.names(noise_model)
        return lowering.lower(circuit, lowering.gates_of(self.method), names)

    def simulate(
        self,
        sweeps: list[Sweep],
        noise_model: NoiseModel | None = None,
        *,
        shots: int,
        seed: runs.Seed,
        **options: Any,
    ) -> runs.SimulationJob:
        """Start running circuits on Aer, with the given noise or the device's.

        Shots of one circuit run in one thread; otherwise the counts for a seed would depend on the
        number of cores. Small noiseless circuits run in parallel. Noisy ones do not, because this
        can take twice the work in the same time.

        Returns:
            Job whose result has an experiment for each point, in the order of the sweeps.

        Raises:
            UnsupportedError: If a circuit cannot be simulated correctly.
        """
        lowered = [one for sweep in sweeps for one in self._lower(sweep, noise_model)]
        circuits = [sweep.circuit for sweep in lowered]
        model = self.noise_of(circuits, noise_model)
        loaded = [one for sweep in lowered for one in self._load(sweep, shots, model)]
        chosen = [self._method_of(one.circuit, shots, model) for one in loaded]
        for one, method in zip(loaded, chosen):
            if method in _VECTORS and one.circuit.num_qubits > sizes.NARROW:
                _check_size(one.circuit, model, shots, method)
        are_parallel = model is None and all(c.num_qubits < ONE_THREAD for c in circuits)

        def simulator(method: str) -> AerSimulator:
            return AerSimulator(
                method=method,
                noise_model=noise.without_delay_noise(model),
                max_parallel_shots=1,
                max_parallel_experiments=0 if are_parallel and method in _VECTORS else 1,
                max_memory_mb=int(SHARE * catalog.memory()) // 2**20,
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
        return runs.start(batches, shots, seed, **options)

    def _lower(self, sweep: Sweep, noise_model: NoiseModel | None) -> list[Sweep]:
        """Lower a sweep; return it as one sweep, or as one per point."""
        circuit = sweep.circuit
        if not circuit.parameters:
            return [Sweep(self.lower(circuit, noise_model), sweep.points)]
        gates, names = lowering.gates_of(self.method), noise.names(noise_model)
        if lowering.is_ready(circuit, gates, names):
            return [sweep]
        return [Sweep(self.lower(bound, noise_model)) for bound in sweep.bind()]

    def _load(self, sweep: Sweep, shots: int, model: NoiseModel | None) -> list[Loaded]:
        """Return the circuits to run for a sweep: one that Aer binds, or one per point."""
        loaded = sweep.load() if model is None else None
        if loaded and self._may_share_a_run(loaded.circuit, shots, model, self.method):
            return [loaded]
        return [
            Loaded(lowering.keep_last_marks(noise.add_explicit_noise(circuit, model)), {})
            for circuit in sweep.bind()
        ]

    @staticmethod
    def _may_share_a_run(
        circuit: QuantumCircuit, shots: int, model: NoiseModel | None, method: str
    ) -> bool:
        """Return whether a circuit can share a run of Aer, with correct and independent shots."""
        if model is not None:
            return method != "automatic" and shots <= runs.SHOTS_APART
        return shots <= runs.SHOTS_APART or (
            method != "extended_stabilizer" and exact.is_drawn_at_the_end(circuit)
        )

    def _method_of(self, circuit: QuantumCircuit, shots: int, model: NoiseModel | None) -> str:
        method = methods.method_of(circuit, self.method, shots, noisy=model is not None)
        wide = len(lowering.used(circuit)) > methods.WIDEST_VECTOR
        if wide and method == "automatic" and model is None and self._name in herons.IDEAL:
            # A whole device does not fit into a state vector, but states with little entanglement
            # fit into a matrix product state.
            return "matrix_product_state"
        return method

    def _of_the_method(self, circuits: list[QuantumCircuit]) -> dict[str, Any]:
        """Return options of the simulation method.

        The extended stabilizer simulator runs a Markov chain of 5000 steps for each shot. With
        these, 4000 shots on two qubits take five minutes; fewer steps suffice for few qubits.
        """
        if self.method != "extended_stabilizer":
            return {}
        qubits = max(circuit.num_qubits for circuit in circuits)
        return {"extended_stabilizer_metropolis_mixing_time": min(5000, 50 * qubits)}

    def noise_of(
        self, circuits: list[QuantumCircuit], given: NoiseModel | None = None
    ) -> NoiseModel | None:
        """Return the given noise model, or else the device's, restricted to the used qubits."""
        qubits = frozenset(
            circuit.find_bit(qubit).index
            for circuit in circuits
            for item in circuit.data
            for qubit in item.qubits
            if item.operation.name != "barrier"
        )
        if given is not None:
            return None if given.is_ideal() else noise.restrict(given, qubits)
        if self._properties is None:
            return None
        if qubits not in self._noise:
            if len(self._noise) >= MOST_NOISE_MODELS:
                self._noise.clear()
            dt = getattr(self.configuration(), "dt", None)
            self._noise[qubits] = noise.device_noise(self._properties, qubits, dt)
        return self._noise[qubits]

    def run(
        self, circuits: QuantumCircuit | list[QuantumCircuit], **run_config: Any
    ) -> runs.SimulationJob:
        """Run circuits without transpiling them.

        Args:
            circuits: One circuit or several.
            run_config: ``shots``, ``memory``, ``seed_simulator`` and other options of Aer.

        Returns:
            The job.
        """
        options = dict(run_config)
        shots, seed = options.pop("shots", None), options.pop("seed_simulator", None)
        noise_model, binds = options.pop("noise_model", None), options.pop("parameter_binds", None)
        listed = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
        shots = self.options.shots if shots is None else shots
        sweeps = Sweep.each(listed, binds or [{}] * len(listed))
        return self.simulate(sweeps, noise_model, shots=shots, seed=seed, **options)


def _check_size(circuit: QuantumCircuit, model: NoiseModel | None, shots: int, method: str) -> None:
    """Check that the states of a circuit fit into memory, and its shots into the time of a job.

    Raises:
        UnsupportedError: If they do not, unless Aer chooses another method than a state vector.
    """
    errors = list(noise.gate_errors(model).values())
    circuits = [circuit, *(part for error in errors for part in error.circuits)]
    is_clifford = all(item.operation.name in CLIFFORD for each in circuits for item in each.data)
    if is_clifford and method == "automatic":
        return
    if not errors and method == "automatic" and qiskit_aer.__version__ < "0.13":
        return  # if memory is short, this Aer chooses a matrix product state
    used = [item for item in circuit.data if item.operation.name != "barrier"]
    qubits = len({qubit for item in used for qubit in item.qubits})
    is_drawn = not errors and exact.has_one_ending(circuit)
    reason = sizes.refusal(
        circuit.name,
        qubits,
        len(used),
        1 if is_drawn else shots,
        catalog.memory(),
        noisy=bool(errors),
    )
    if reason is not None:
        raise UnsupportedError(reason)


@lru_cache(maxsize=4)
def _made(name: str) -> LocalBackend:
    return LocalBackend(catalog.configuration(name), catalog.properties(name))
