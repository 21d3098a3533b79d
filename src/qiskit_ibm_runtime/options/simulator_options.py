"""Options for simulators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List  # noqa: UP035 - read at run time on Python 3.9 too

from .flexible import Section, flexible


@flexible
@dataclass
class SimulatorOptions(Section):
    """Options for simulators.

    .. code-block:: python

        from qiskit_aer.noise import NoiseModel, depolarizing_error
        from qiskit_ibm_runtime.options import Options, SimulatorOptions

        noise = NoiseModel()
        noise.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), ["cx"])
        line = SimulatorOptions(noise_model=noise, coupling_map=[[0, 1], [1, 2]], seed_simulator=42)
        options = Options(resilience_level=0, simulator=line)

    Attributes:
        noise_model: An Aer ``NoiseModel``, or its dict form; never copied. Default: no noise on
            simulators, and the noise of the calibration on devices of the embedded runtime.
        seed_simulator: A 64-bit integer for reproducible results. Default: ``None``, a random
            seed.
        coupling_map: Pairs of coupled qubits, as a list, an array or a ``CouplingMap``. Default:
            all qubits are coupled.
        basis_gates: Names of the gates to transpile to. Default: those of the simulator, or those
            of the noise model.
    """

    noise_model: Any | None = None
    seed_simulator: int | None = None
    coupling_map: Any | None = None
    basis_gates: List[str] | None = None  # noqa: UP006

    def set_backend(self, backend: Any) -> None:
        """Simulate a device: use its noise model, coupling map and basis gates.

        .. code-block:: python

            from qiskit_ibm_runtime import Options, QiskitRuntimeService

            service = QiskitRuntimeService(channel="local")
            options = Options(resilience_level=0)
            options.simulator.set_backend(service.backend("fake_manila"))

        Args:
            backend: A backend with ``configuration()`` and ``properties()``: an ``IBMBackend`` or a
                ``BackendV1``. Its noise model is built from its calibration with Aer's
                ``NoiseModel.from_backend_properties``; without a calibration there is no noise.

        Raises:
            TypeError: If ``backend`` has another type.
            ImportError: If Aer is not installed and the backend has a calibration.
        """
        if not (hasattr(backend, "configuration") and hasattr(backend, "properties")):
            raise TypeError(
                "'backend' must have configuration() and properties(), "
                f"unlike {type(backend).__name__}."
            )
        configuration, properties = backend.configuration(), backend.properties()
        noise_model = _noise(properties) if properties else None
        self.basis_gates = configuration.basis_gates
        self.coupling_map = configuration.coupling_map
        self.noise_model = noise_model


def _noise(properties: Any) -> Any:
    from qiskit_aer.noise import NoiseModel

    return NoiseModel.from_backend_properties(properties)
