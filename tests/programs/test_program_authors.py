"""Tools for program authors: backend, messenger, decoder, template, local tests."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime.program import ProgramBackend, ResultDecoder, UserMessenger
from qiskit_ibm_runtime.program.upload import ProgramMetadata

aer = pytest.importorskip("qiskit_aer", reason="programs need a simulator to be tried on")


class OnSimulator(ProgramBackend):
    """The example in the documentation of the class."""

    def __init__(self, simulator):
        super().__init__(simulator.configuration())
        self._simulator = simulator

    @classmethod
    def _default_options(cls):
        from qiskit.providers import Options

        return Options(shots=1000)

    def run(self, circuits, **run_config):
        shots = run_config.pop("shots", self.options.shots)
        return self._simulator.run(circuits, shots=shots, **run_config)


def test_local_messenger_prints_messages(capsys):
    messenger = UserMessenger()

    assert messenger.publish({"counts": np.array([1, 2])}) is None
    assert messenger.publish("the result", final=True) is None
    messenger.publish([1], encoder=json.JSONEncoder)

    first, second, third = capsys.readouterr().out.splitlines()
    assert list(json.loads(first, cls=RuntimeDecoder)["counts"]) == [1, 2]
    assert (json.loads(second), json.loads(third)) == ("the result", [1])


def test_unsupported_message_fails_where_it_is_published():
    with pytest.raises(TypeError):
        UserMessenger().publish({"a": {1, 2}}, encoder=json.JSONEncoder)


def test_custom_backend_runs_a_program(bell, capsys):
    from program_source.hello_world import main

    backend = OnSimulator(aer.AerSimulator())

    assert main(backend, UserMessenger(), iterations=2) == "Hello, World!"

    messages = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [message["iteration"] for message in messages] == [0, 1]
    assert {sum(message["counts"].values()) for message in messages} == {1000}


def test_backend_must_implement_run():
    with pytest.raises(TypeError, match="abstract"):
        ProgramBackend(None)


def test_template_runs_locally_with_encodable_inputs_and_result(bell, capsys):
    from qiskit_ibm_runtime.program.program_template import main

    inputs = json.loads(
        json.dumps({"circuits": [bell, bell]}, cls=RuntimeEncoder), cls=RuntimeDecoder
    )

    result = main(aer.AerSimulator(), UserMessenger(), **inputs)

    assert json.loads(json.dumps(result, cls=RuntimeEncoder), cls=RuntimeDecoder) == 2
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_sample_metadata_is_complete_and_shipped():
    sample = files("qiskit_ibm_runtime.program") / "program_metadata_sample.json"

    metadata = ProgramMetadata.read(json.loads(sample.read_text()))

    metadata.check_complete()
    assert set(metadata.spec or ()) == {
        "backend_requirements",
        "parameters",
        "interim_results",
        "return_values",
    }


class Doubled(ResultDecoder):
    """A custom decoder that extends the default one."""

    @classmethod
    def decode(cls, data):
        return super().decode(data) * 2


@pytest.mark.parametrize(
    ("data", "decoded"),
    [("21", 42), (b"21", 42), ("text", "texttext"), ("", ""), ('"a"', "aa")],
)
def test_custom_decoder_extends_the_default_one(data, decoded):
    assert Doubled.decode(data) == decoded
