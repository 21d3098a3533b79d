"""Run circuits with the V1 primitives on the embedded runtime, without an account or a network.

Every job is sent over real HTTP and websockets to a server on this machine, which runs it on Qiskit
Aer in a separate process. The exit status is 1 if a number is off by more than shot noise, or the
published error rates of the simulated device, can explain.
"""

from __future__ import annotations

import math
import sys
import warnings

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import (
    Estimator,
    IBMBackend,
    Options,
    QiskitRuntimeService,
    RuntimeJob,
    Sampler,
    Session,
)

IDEAL, NOISY = "ibmq_qasm_simulator", "fake_manila"
SHOTS, SEED = 4000, 42
SIGMAS = 5  # a correct result exceeds this once in two million runs

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
GROUND_STATE_ENERGY = -1.857275030202382

failures: list[str] = []


def check(what: str, value: float, expected: float, tolerance: float) -> None:
    """Print a number with its expected value, and record a failure if it is off."""
    good = abs(value - expected) <= tolerance
    print(f"    {what}: {value:+.4f}, expected {expected:+.4f} ± {tolerance:.4f}", end="")
    print("" if good else "   <-- OFF")
    if not good:
        failures.append(what)


def ghz(num_qubits: int) -> QuantumCircuit:
    """Prepare a GHZ state (a Bell pair for two qubits) and measure it."""
    circuit = QuantumCircuit(num_qubits, name="bell" if num_qubits == 2 else f"ghz{num_qubits}")
    circuit.h(0)
    for qubit in range(num_qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def published_error(device: IBMBackend, num_qubits: int) -> float:
    """Bound the error probability of a GHZ circuit by the published error rates of the device.

    The sum over all gates and readouts bounds the probability of any error. A gate error is an
    average over input states; the probability of a fault is larger by (d + 1) / d <= 3 / 2.
    """
    properties = device.properties()
    two_qubit = max(
        properties.gate_error("cx", g.qubits) for g in properties.gates if g.gate == "cx"
    )
    readout = max(properties.readout_error(qubit) for qubit in range(device.num_qubits))
    return 1.5 * (num_qubits * two_qubit) + num_qubits * readout


def sample(service: QiskitRuntimeService) -> RuntimeJob:
    """(a) Sample Bell and GHZ states, without noise and on a noisy device."""
    print("(a) Sampler")
    circuits = [ghz(2), ghz(5)]
    options = Options(resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator.seed_simulator = SEED

    job = Sampler(session=service.backend(IDEAL), options=options).run(circuits)
    print(f"  {IDEAL}, job {job.job_id()}")
    for circuit, dist in zip(circuits, job.result().quasi_dists):
        ones = 2**circuit.num_qubits - 1
        half = SIGMAS * math.sqrt(0.25 / SHOTS)
        check(f"{circuit.name}: share of all zeros", dist.get(0, 0.0), 0.5, half)
        check(f"{circuit.name}: share of all ones", dist.get(ones, 0.0), 0.5, half)

    device = service.backend(NOISY)
    noisy = Sampler(session=device, options=options).run(circuits)
    print(f"  {NOISY} ({device.num_qubits} qubits), job {noisy.job_id()}")
    for circuit, dist in zip(circuits, noisy.result().quasi_dists):
        ones = 2**circuit.num_qubits - 1
        spoiled = 1 - dist.get(0, 0.0) - dist.get(ones, 0.0)
        bound = published_error(device, circuit.num_qubits) + SIGMAS * math.sqrt(0.25 / SHOTS)
        check(f"{circuit.name}: share of other outcomes", spoiled, bound / 2, bound / 2)
    return job


def estimate(service: QiskitRuntimeService) -> None:
    """(b) Find the ground state energy of hydrogen, minimizing over one angle in a session.

    The energy of this ansatz is ``a + b cos(angle) + c sin(angle)``, so three energies give the
    minimum in closed form (Nakanishi, Fujii and Todo, Phys. Rev. Research 2, 043158, 2020).
    """
    print("(b) Estimator: hydrogen, two qubits")
    angle = Parameter("angle")
    ansatz = QuantumCircuit(2, name="ansatz")
    ansatz.x(0)
    ansatz.ry(angle, 1)
    ansatz.cx(1, 0)
    options = Options(resilience_level=0)
    options.execution.shots = 10 * SHOTS
    options.simulator.seed_simulator = SEED

    with Session(service=service, backend=IDEAL) as session:
        estimator = Estimator(session=session, options=options)
        best = 0.0
        for step in range(2):
            points = [best, best + math.pi / 2, best - math.pi / 2]
            result = estimator.run([ansatz] * 3, [HYDROGEN] * 3, [[p] for p in points]).result()
            here, plus, minus = result.values
            offset = (plus + minus) / 2
            best += math.atan2(minus - plus, 2 * (offset - here))
            print(f"  step {step + 1}: angle {best:+.4f}, from energies", result.values.round(4))
        result = estimator.run(ansatz, HYDROGEN, [best]).result()
        session.close()
    print(f"  session {session.session_id}")
    deviation = math.sqrt(result.metadata[0]["variance"] / result.metadata[0]["shots"])
    check("ground state energy", result.values[0], GROUND_STATE_ENERGY, SIGMAS * deviation + 1e-4)
    print(f"    error: {1000 * (result.values[0] - GROUND_STATE_ENERGY):+.2f} mHa")


def fetch_again(service: QiskitRuntimeService, job: RuntimeJob) -> None:
    """(c) Fetch the first job again by its ID."""
    print(f"(c) Job {job.job_id()} fetched again")
    again = service.job(job.job_id())
    same = again.result().quasi_dists == job.result().quasi_dists
    print(f"    status {again.status().name}, same result: {same}")
    if not same:
        failures.append("fetched result")


def main() -> int:
    """Run the three parts; return 0 if every number is right."""
    service = QiskitRuntimeService(channel="local")
    print("backends:", ", ".join(backend.name for backend in service.backends()[:8]), "...")
    job = sample(service)
    estimate(service)
    fetch_again(service, job)
    print("all right" if not failures else f"off: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra, about its own future
    sys.exit(main())
