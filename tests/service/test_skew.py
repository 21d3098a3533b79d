"""Version skew between client and server."""

from __future__ import annotations

import warnings

import pytest

from qiskit_ibm_runtime.api.clients import version as module
from qiskit_ibm_runtime.api.clients.version import PACKAGE, TERRA, skew
from qiskit_ibm_runtime.local.endpoints import account

URL = "http://127.0.0.1:8000/api"
OURS = {PACKAGE: "0.9.3+embedded.2", TERRA: "0.46.3"}


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({PACKAGE: "0.9.3+embedded.1"}, ["the server is older", "Update and restart it"]),
        ({PACKAGE: "0.9.3+embedded.10"}, ["this client is older", "wheel or checkout"]),
        ({PACKAGE: "0.9.3+embedded.2", TERRA: "0.25.3"}, ["0.25.3", "read the client's circuits"]),
    ],
    ids=["old server", "old client", "old terra"],
)
def test_warning_names_the_older_side_and_what_to_do(server, words):
    message = skew(URL, server, OURS)

    assert message is not None
    assert URL in message
    assert all(word in message for word in words)


@pytest.mark.parametrize(
    "server",
    [{}, OURS, {"new_api": True}, {**OURS, TERRA: "0.46.1"}, {**OURS, TERRA: "1.0.0"}],
    ids=["silent", "same", "another service", "patch release", "newer terra"],
)
def test_does_not_warn_for_matching_versions(server):
    assert skew(URL, server, OURS) is None


def test_old_server_warns_once_at_the_caller(qiskit_runtime_server, monkeypatch):
    monkeypatch.setattr(module, "_warned", set())
    monkeypatch.setattr(account, "installed", lambda _: "0.9.3+embedded.0")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        qiskit_runtime_server.service()
        qiskit_runtime_server.service()

    told = [each for each in caught if "older" in str(each.message)]
    assert len(told) == 1
    assert "the server is older" in str(told[0].message)


def test_embedded_runtime_has_the_release_of_its_client(qiskit_runtime_server):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert qiskit_runtime_server.service()
