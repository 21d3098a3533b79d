"""What the primitives' programs share: binding, transpiling, simulating."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

METHODS = {
    "ibmq_qasm_simulator": "automatic",
    "simulator_statevector": "statevector",
    "simulator_stabilizer": "stabilizer",
    "simulator_mps": "matrix_product_state",
    "simulator_extended_stabilizer": "extended_stabilizer",
}


def bound_circuits(inputs: dict[str, Any]) -> list[QuantumCircuit]:
    """One circuit without free parameters for each index asked for."""
    circuits, parameters = inputs["circuits"], inputs.get("parameters")
    indices = inputs.get("circuit_indices") or range(len(circuits))
    values = inputs.get("parameter_values") or [[] for _ in indices]
    bound = []
    for index, row in zip(indices, values):
        circuit = circuits[index]
        names = parameters[index] if parameters else list(circuit.parameters)
        if len(names) != len(row):
            raise ValueError(f"Circuit {index} takes {len(names)} values, got {len(row)}.")
        bound.append(circuit.assign_parameters(dict(zip(names, row))) if names else circuit)
    return bound


class Machine:
    """One backend: its noise, its coupling, and the simulator that stands for it."""

    def __init__(self, backend: dict[str, Any], inputs: dict[str, Any]) -> None:
        self._configuration = backend["configuration"]
        settings, run = inputs.get("transpilation_settings") or {}, inputs.get("run_options") or {}
        self._settings = settings
        device = not self._configuration["simulator"]
        noise = run.get("noise_model")
        if isinstance(noise, dict):
            noise = NoiseModel.from_dict(noise)
        if device:
            from qiskit.providers.models import BackendProperties

            self.properties = BackendProperties.from_dict(backend["properties"])
            noise = noise or _device_noise(self._configuration, self.properties)
        self.noise_model = noise
        self.seed = run.get("seed_simulator")
        self.shots = int(run.get("shots") or 4000)
        self.coupling_map = settings.get("coupling_map") or (
            self._configuration.get("coupling_map") if device else None
        )
        self.basis_gates = settings.get("basis_gates") or (
            self._configuration["basis_gates"] if device else noise.basis_gates if noise else None
        )
        method = METHODS.get(self._configuration["backend_name"], "automatic")
        self.simulator = AerSimulator(method=method, noise_model=noise)

    def transpiled(self, circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
        """The circuits as the settings ask for them."""
        width = self._configuration["n_qubits"]
        for circuit in circuits:
            if circuit.num_qubits > width:
                raise ValueError(
                    f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits; "
                    f"the backend has {width}."
                )
        if self._settings.get("skip_transpilation") or not circuits:
            return circuits
        options = {
            key: self._settings[key]
            for key in ("initial_layout", "layout_method", "routing_method", "approximation_degree")
            if self._settings.get(key) is not None
        }
        level = (self._settings.get("optimization_settings") or {}).get("level", 1)
        target: dict[str, Any] = {
            "coupling_map": self.coupling_map,
            "basis_gates": self.basis_gates,
        }
        if self.coupling_map is None and self.basis_gates is None:
            target = {"backend": self.simulator}
        return transpile(  # type: ignore[no-any-return]  # a list for a list
            circuits, optimization_level=level, seed_transpiler=self.seed, **target, **options
        )

    def counts(
        self, circuits: list[QuantumCircuit], shots: int, offset: int = 0
    ) -> list[dict[str, int]]:
        """Outcomes by bit string, without spaces between registers."""
        seed = None if self.seed is None else self.seed + offset
        result = self.simulator.run(circuits, shots=shots, seed_simulator=seed).result()
        if not result.success:
            raise RuntimeError(f"The simulation failed: {result.status}")
        return [
            {key.replace(" ", ""): value for key, value in result.get_counts(number).items()}
            for number in range(len(circuits))
        ]


def _device_noise(configuration: dict[str, Any], properties: Any) -> NoiseModel:
    from qiskit_aer.noise import NoiseModel as Model

    return Model.from_backend_properties(properties)
