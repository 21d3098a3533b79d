"""The sample programs on a local backend and messenger."""

from __future__ import annotations

import importlib
import json
from importlib.resources import files

import pytest

from qiskit_ibm_runtime.program import UserMessenger

aer = pytest.importorskip("qiskit_aer", reason="the sample programs need a simulator")


class Collector(UserMessenger):
    """Collects what a program publishes."""

    def __init__(self):
        self.messages = []

    def publish(self, message, encoder=None, final=False):
        self.messages.append(message)


def noisy_simulator():
    from qiskit_aer.noise import NoiseModel, ReadoutError

    noise = NoiseModel()
    noise.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]))
    return aer.AerSimulator(noise_model=noise, seed_simulator=7)


@pytest.mark.parametrize("inputs", [{}, {"iterations": 2}, {"iterations": 0}])
def test_hello_world_publishes_the_counts_of_each_circuit(inputs):
    from program_source.hello_world import main

    messenger = Collector()

    greeting = main(aer.AerSimulator(), messenger, **inputs)

    assert greeting.startswith("Hello")
    assert [message["iteration"] for message in messenger.messages] == list(
        range(inputs.get("iterations", 1))
    )
    assert {sum(message["counts"].values()) for message in messenger.messages} <= {1024}


@pytest.mark.parametrize("name", ["hello_world", "circuit_runner"])
def test_each_program_has_metadata(name):
    package = files(f"program_source.{name}")
    metadata = json.loads((package / f"{name}.json").read_text())
    main = importlib.import_module(f"program_source.{name}.{name}").main

    inputs = metadata["spec"]["parameters"]["properties"]
    assert metadata["name"] == name.replace("_", "-")
    assert metadata["max_execution_time"] > 0
    assert set(inputs) <= set(main.__code__.co_varnames)
    assert "def main(" in (package / f"{name}.py").read_text()


def test_circuit_runner_runs_one_or_several_circuits(bell):
    from program_source.circuit_runner import main

    one = main(aer.AerSimulator(), Collector(), bell, shots=100, seed_transpiler=1)
    several = main(
        aer.AerSimulator(), Collector(), [bell, bell], optimization_level=1, initial_layout=[1, 0]
    )

    assert sum(one["results"][0]["data"]["counts"].values()) == 100
    assert set(one["results"][0]["data"]["counts"]) == {"0x0", "0x3"}
    assert len(several["results"]) == 2


def test_circuit_runner_mitigates_readout_errors(bell):
    from program_source.circuit_runner import main

    result = main(
        noisy_simulator(), Collector(), bell, measurement_error_mitigation=True, shots=20_000
    )

    data, header = result["results"][0]["data"], result["results"][0]["header"]
    assert data["counts"]["0x1"] / 20_000 > 0.1
    assert data["quasiprobabilities"]["0x3"] == pytest.approx(0.5, abs=0.03)
    assert data["quasiprobabilities"]["0x1"] == pytest.approx(0, abs=0.03)
    assert sum(data["quasiprobabilities"].values()) == pytest.approx(1)
    assert header["final_measurement_mapping"] == {0: 0, 1: 1}
