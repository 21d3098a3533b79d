"""A five-qubit device from terra's data, and a client that records its requests."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.utils.backend_decoder import configuration_from_server_data


def document(kind: str) -> dict[str, Any]:
    """Return a document of the device: ``conf``, ``props`` or ``defs``."""
    spec = importlib.util.find_spec("qiskit")
    assert spec is not None
    folder = Path(spec.submodule_search_locations[0], "providers", "fake_provider", "backends")  # type: ignore[index]
    data: dict[str, Any] = json.loads((folder / "manila" / f"{kind}_manila.json").read_text())
    return {**data, "simulator": False} if kind == "conf" else data


class Service:
    """Client for one device that answers without a network and records requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.conf, self.props, self.defs = map(document, ("conf", "props", "defs"))
        self.state: dict[str, Any] = {
            "backend_name": "device",
            "backend_version": "1.0.0",
            "operational": True,
            "status_msg": "active",
            "pending_jobs": 3,
        }
        self._api_client = self

    def backend_configuration(self, name: str) -> dict[str, Any]:
        return self._answer("configuration", self.conf)

    def backend_properties(self, name: str, datetime: Any = None) -> dict[str, Any]:
        return self._answer(
            f"properties {datetime.isoformat()}" if datetime else "properties", self.props
        )

    def backend_pulse_defaults(self, name: str) -> dict[str, Any]:
        return self._answer("defaults", self.defs)

    def backend_status(self, name: str) -> dict[str, Any]:
        return self._answer("status", self.state)

    def _answer(self, what: str, document: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(what)
        return copy.deepcopy(document)

    def backend(self) -> IBMBackend:
        configuration = configuration_from_server_data(copy.deepcopy(self.conf))
        return IBMBackend(configuration, self, self, "hub/group/project")  # type: ignore[arg-type]

    def break_qubit(self, qubit: int) -> None:
        self.props["qubits"][qubit].append(_broken())

    def break_gate(self, *qubits: int, name: str = "cx") -> None:
        gate = next(
            gate
            for gate in self.props["gates"]
            if gate["gate"] == name and gate["qubits"] == list(qubits)
        )
        gate["parameters"].append(_broken())

    def close_ring(self) -> None:
        """Also couple the first qubit to the last."""
        for pair in ([4, 0], [0, 4]):
            self.conf["coupling_map"].append(pair)
            cx = next(gate for gate in self.conf["gates"] if gate["name"] == "cx")
            cx["coupling_map"].append(pair)
            gate = next(gate for gate in self.props["gates"] if gate["gate"] == "cx")
            self.props["gates"].append({**copy.deepcopy(gate), "qubits": pair})


def _broken() -> dict[str, Any]:
    return {"name": "operational", "unit": "", "value": 0, "date": "2021-03-15T00:36:03Z"}


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def backend(service: Service) -> IBMBackend:
    return service.backend()
