"""Sweep a parameter in one job, and plot the result with error bars.

Two qubits in a Bell state are measured at an angle to each other. Without entanglement the CHSH
value stays between -2 and 2; quantum mechanics reaches 2 * sqrt(2). The script runs the sweep
without noise and on a noisy five-qubit device, and writes ``chsh.png``.

Needs matplotlib: ``pip install matplotlib``.
"""

from __future__ import annotations

import math
import sys
import warnings

import matplotlib as mpl
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import Estimator, IBMBackend, Options, QiskitRuntimeService

# <AB> + <Ab> - <aB> + <ab>, where the second observer's axes are turned by the swept angle.
CHSH = SparsePauliOp.from_list([("ZZ", 1), ("ZX", 1), ("XZ", -1), ("XX", 1)])
SHOTS, SEED = 4000, 11


def bell_at_an_angle() -> QuantumCircuit:
    """Entangle two qubits, then rotate the measurement axis of one of them."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.ry(Parameter("angle"), 0)
    return circuit


def theory(angles: np.ndarray) -> np.ndarray:
    """Return the CHSH value of a Bell pair without noise."""
    return 2 * (np.cos(angles) + np.sin(angles))


def sweep(backend: IBMBackend, angles: np.ndarray, level: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the CHSH value at all angles in one job.

    Returns:
        The values, and their standard errors.
    """
    options = Options(resilience_level=level, optimization_level=1)
    options.execution.shots = SHOTS
    options.simulator.seed_simulator = SEED
    estimator = Estimator(session=backend, options=options)
    count = len(angles)
    job = estimator.run([bell_at_an_angle()] * count, [CHSH] * count, [[angle] for angle in angles])
    result = job.result()
    errors = [math.sqrt(each["variance"] / each["shots"]) for each in result.metadata]
    return np.array(result.values), np.array(errors)


def measure(points: int = 17) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Run the sweep without noise, with noise, and with the noise mitigated."""
    service = QiskitRuntimeService(channel="local")
    ideal = service.backend("ibmq_qasm_simulator")
    noisy = service.backend("fake_manila")
    angles = np.linspace(0, 2 * math.pi, points)
    return {
        "no noise": (angles, *sweep(ideal, angles)),
        "noisy device": (angles, *sweep(noisy, angles)),
        "readout mitigated": (angles, *sweep(noisy, angles, level=1)),
    }


def draw(series: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]], path: str) -> None:
    """Plot the series and the classical bounds into a file."""
    mpl.use("Agg")  # no window needed
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    axes.axhspan(-2, 2, color="0.5", alpha=0.15, lw=0)
    axes.text(
        1.25 * math.pi, 0, "possible without entanglement", ha="center", va="center", alpha=0.7
    )
    for (label, (angles, values, errors)), marker in zip(series.items(), "o^s"):
        axes.errorbar(angles, values, 3 * errors, fmt=marker, ms=4, lw=1, capsize=2, label=label)
    smooth = np.linspace(0, 2 * math.pi, 200)
    axes.plot(smooth, theory(smooth), lw=1, zorder=0, color="0.5", label="theory")
    axes.set_xticks(np.arange(5) * math.pi / 2, ["0", "π/2", "π", "3π/2", "2π"])
    axes.set(xlabel="angle between the axes", ylabel="CHSH value", title="Bell pair, 4000 shots")
    axes.legend(loc="lower left", fontsize="small")
    figure.savefig(path, dpi=160)
    plt.close(figure)


def main() -> int:
    """Measure, plot and print a summary; return 0 if the noiseless points agree with theory."""
    series = measure()
    for label, (_, values, errors) in series.items():
        best = int(np.argmax(np.abs(values)))
        excess = (abs(values[best]) - 2) / errors[best]
        print(f"{label:>18}: |S| up to {abs(values[best]):.3f} ± {errors[best]:.3f}", end="")
        print(f", {excess:.0f} standard errors above 2")
    draw(series, "chsh.png")
    print("wrote chsh.png")
    angles, values, errors = series["no noise"]
    return 0 if np.all(np.abs(values - theory(angles)) <= 5 * errors + 1e-9) else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra, about its own future
    sys.exit(main())
