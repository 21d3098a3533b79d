"""Find the ground state energy of hydrogen, iterating in a session with an optimizer from SciPy.

Every step is an Estimator job. Jobs of a session run before other jobs that wait for the same
device, so the steps do not go to the back of the queue. On a simulator this makes no difference.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from scipy.optimize import minimize

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Session

# Hydrogen at 0.735 angstrom, STO-3G, parity mapping, two qubits; energies in hartree.
HYDROGEN = SparsePauliOp.from_list(
    [
        ("II", -1.052373245772859),
        ("IZ", +0.39793742484318045),
        ("ZI", -0.39793742484318045),
        ("ZZ", -0.01128010425623538),
        ("XX", +0.18093119978423156),
    ]
)


def ansatz() -> QuantumCircuit:
    """Rotate between the two basis states that make up the ground state of hydrogen."""
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.ry(Parameter("angle"), 1)
    circuit.cx(1, 0)
    return circuit


def main() -> int:
    """Minimize the energy; return 0 if it is close to the exact one."""
    service = QiskitRuntimeService(channel="local")
    options = Options(resilience_level=0)
    options.execution.shots = 4000
    options.simulator.seed_simulator = 7
    exact = float(np.linalg.eigvalsh(HYDROGEN.to_matrix())[0])

    with Session(service=service, backend="ibmq_qasm_simulator", max_time="10m") as session:
        estimator = Estimator(session=session, options=options)

        def energy(angle: np.ndarray) -> float:
            value = float(estimator.run(ansatz(), HYDROGEN, angle).result().values[0])
            print(f"  angle {angle[0]:+.4f}  energy {value:+.4f}")
            return value

        found = minimize(energy, x0=[0.0], method="COBYLA", options={"rhobeg": 0.5, "tol": 0.05})
        session.close()

    print(f"energy {found.fun:+.4f} hartree after {found.nfev} jobs, exact {exact:+.4f}")
    return 0 if abs(found.fun - exact) < 0.02 else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra, about its own future
    sys.exit(main())
