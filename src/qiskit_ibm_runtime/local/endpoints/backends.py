"""Backends: which there are, what they are, and how they are."""

from typing import Any

from qiskit_ibm_runtime.local.devices import catalogue
from qiskit_ibm_runtime.local.protocol import models

from .endpoint import Call, Routes

BACKENDS = Routes()


@BACKENDS("GET", "/backends", refuses=(404,))
async def listed(call: Call, query: models.BackendQuery) -> models.Devices:
    """List the names of backends."""
    if query.provider is None:
        return models.Devices(call.runtime.backends_for(call.caller))
    instance = call.runtime.instance(call.caller, query.provider)
    return models.Devices(call.runtime.backends_of(instance))


@BACKENDS("GET", "/backends/{name}/configuration", refuses=(404,))
async def configuration(call: Call) -> dict[str, Any]:
    """Describe a backend."""
    return catalogue.configuration(_name(call))


@BACKENDS("GET", "/backends/{name}/properties", refuses=(404,))
async def properties(call: Call) -> dict[str, Any]:
    """Return a backend's calibration."""
    return catalogue.properties(_name(call))


@BACKENDS("GET", "/backends/{name}/defaults", refuses=(404,))
async def defaults(call: Call) -> dict[str, Any]:
    """Return a backend's pulse defaults."""
    return catalogue.defaults(_name(call))


@BACKENDS("GET", "/backends/{name}/status", refuses=(404,))
async def status(call: Call) -> models.BackendStatus:
    """Tell whether a backend works and how many jobs wait."""
    name = _name(call)
    version = catalogue.configuration(name)["backend_version"]
    return models.BackendStatus(call.runtime.scheduler.length(name), version)


def _name(call: Call) -> str:
    return call.runtime.backend(call.caller, call.path("name"))
