"""Drawings of circuits and results for the web page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from qiskit import QuantumCircuit
from tests.execution.conftest import ExecutorThread, FailedError, run_here, work

from qiskit_ibm_runtime.local.programs import DRAWING

SVG = "{http://www.w3.org/2000/svg}"


def drawn(what: str, data: Any) -> ET.Element:
    return ET.fromstring(run_here(DRAWING, what=what, data=data))


def texts(picture: ET.Element) -> str:
    return "\n".join(one.text or "" for one in picture.iter(f"{SVG}text"))


def ghz(name: str = "ghz") -> QuantumCircuit:
    circuit = QuantumCircuit(3, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    return circuit


def test_draws_named_circuits_and_counts_the_rest() -> None:
    picture = drawn("circuits", {"circuits": [ghz(f"number {n}") for n in range(6)]})

    assert picture.tag == f"{SVG}svg"
    for number in range(4):
        assert f"{number}: number {number} (3 qubits, depth 4, 7 items)" in texts(picture)
    assert "and 2 more" in texts(picture)
    placed = [float(one.get("y", "nan")) for one in picture.findall(f"{SVG}svg")]
    assert placed == sorted(set(placed))


@pytest.mark.filterwarnings("ignore")  # an error here would make the drawing one of letters
def test_closes_figures_after_drawing() -> None:
    picture = drawn("circuits", {"circuits": [ghz(), ghz("again")]})

    assert len(list(picture.iter(f"{SVG}path"))) > 20
    assert plt.get_fignums() == []


def test_describes_too_large_circuit() -> None:
    wide = QuantumCircuit(40)
    wide.h(range(40))
    assert "Too large to draw.\n40 h" in texts(drawn("circuits", {"circuits": wide}))


def test_draws_special_characters_in_names_literally() -> None:
    hostile = ghz("</text><script>alert(1)</script>")
    odd = QuantumCircuit(1, name="$\\frac{")
    odd.h(0)
    picture = drawn("circuits", {"circuits": [hostile, odd]})

    assert "</text><script>alert(1)</script>" in texts(picture)
    assert not list(picture.iter(f"{SVG}script"))


@pytest.mark.parametrize(
    "result",
    [
        {"quasi_dists": [{"00": 0.5, "11": 0.5}] * 6, "metadata": [{"shots": 100}] * 6},
        {"quasi_dists": [{"0": 1.1, "1": -0.1}], "metadata": [{"shots": None}]},
        {"values": np.array([0.5, -1.0]), "metadata": [{"variance": 0.5, "shots": 10}, {}]},
        {"values": np.array([0.25]), "metadata": [{"variance": 0.1, "shots": 7}]},
        {"results": [{"data": {"counts": {"0x0": 3, "0x3": 5}}}, {"data": {}}]},
    ],
    ids=["many circuits", "quasi-probabilities", "values", "one value", "counts"],
)
def test_plots_results_of_primitives_and_counts(result: dict[str, Any]) -> None:
    picture = drawn("result", result)
    assert len(list(picture.iter(f"{SVG}path"))) > 10


@pytest.mark.parametrize("result", [None, "Hello, World!", {}, [1, 2]])
def test_rejects_other_results(result: Any) -> None:
    with pytest.raises(FailedError, match="Only results of primitives and counts"):
        drawn("result", result)


def test_drawing_program_is_hidden_from_users(pool: ExecutorThread) -> None:
    outcome = pool.run(work(DRAWING, {"what": "circuits", "data": {"circuits": [ghz()]}}))
    assert outcome.succeeded, outcome.text
    assert "ghz" in outcome.text
    from qiskit_ibm_runtime.local import programs

    assert DRAWING not in programs.names()
