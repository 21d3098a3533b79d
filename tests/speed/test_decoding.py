"""Decoding of device documents."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime

import pytest
from benchmarks.standin import snapshot
from qiskit.providers.models import PulseBackendConfiguration

from qiskit_ibm_runtime.utils import backend_decoder, converters
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)


@pytest.fixture
def parsed(monkeypatch):
    """Count how often the channels of a device were sorted."""
    calls = []
    sort = PulseBackendConfiguration._parse_channels

    def counted(self, channels):
        calls.append(len(channels))
        return sort(self, channels)

    monkeypatch.setattr(PulseBackendConfiguration, "_parse_channels", counted)
    return calls


def _reference() -> PulseBackendConfiguration:
    data = copy.deepcopy(snapshot("conf"))
    data["online_date"] = datetime.fromisoformat(data["online_date"])
    data["u_channel_lo"] = [
        [{**entry, "scale": complex(*entry["scale"])} for entry in channel]
        for channel in data["u_channel_lo"]
    ]
    return PulseBackendConfiguration.from_dict(data)


def test_channels_are_sorted_once_on_first_use(parsed):
    configuration = configuration_from_server_data(snapshot("conf"))
    assert (configuration.n_qubits, configuration.open_pulse) == (127, True)
    assert parsed == []

    assert configuration.drive(3).index == 3
    configuration.control((0, 1))
    configuration.get_qubit_channels(5)
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "again",
    [
        lambda configuration: configuration,
        copy.copy,
        copy.deepcopy,
        lambda configuration: pickle.loads(pickle.dumps(configuration)),
    ],
    ids=["itself", "copy", "deepcopy", "pickle"],
)
def test_configuration_matches_terra(again):
    configuration, reference = again(configuration_from_server_data(snapshot("conf"))), _reference()

    assert isinstance(configuration, PulseBackendConfiguration)
    assert configuration.control_channels == reference.control_channels
    assert configuration.get_qubit_channels(7) == reference.get_qubit_channels(7)
    assert configuration == reference


def test_configuration_without_channels_has_none(parsed):
    document = {key: value for key, value in snapshot("conf").items() if key != "channels"}

    configuration = configuration_from_server_data(document)

    assert configuration.control_channels == {}
    assert not hasattr(configuration, "channels")
    assert not hasattr(configuration, "_qubit_channel_map")
    assert parsed == []


def test_each_timestamp_of_a_calibration_is_parsed_once(monkeypatch):
    document = snapshot("props")
    before = copy.deepcopy(document)
    read = []

    def counted(text):
        read.append(text)
        return converters.utc_to_local(text)

    monkeypatch.setattr(backend_decoder, "utc_to_local", counted)
    properties = properties_from_server_data(document)

    values = [value for qubit in document["qubits"] for value in qubit]
    values += [value for gate in document["gates"] for value in gate["parameters"]]
    moments = {value["date"] for value in values} | {document["last_update_date"]}
    assert sorted(read) == sorted(moments)
    assert len(values) > 10 * len(read)
    assert properties.qubits[0][0].date == converters.utc_to_local(values[0]["date"])
    assert document == before
