"""Backend endpoints: list, configuration, properties, defaults and status."""

from typing import Any

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.runtime import one_of

from .endpoint import Call, Routes

BACKENDS = Routes()


@BACKENDS("GET", "/backends", errors=(404,))
async def listed(call: Call, query: models.BackendQuery) -> models.Devices:
    """List backend names."""
    if query.provider is None:
        return models.Devices(call.runtime.backends_for(call.caller))
    instance = call.runtime.instance(call.caller, query.provider)
    return models.Devices(call.runtime.backends_of(instance))


@BACKENDS("GET", "/backends/{name}/configuration", errors=(404,))
async def configuration(call: Call) -> dict[str, Any]:
    """Return a backend's configuration."""
    return catalog.configuration(_name(call))


@BACKENDS("GET", "/backends/{name}/properties", errors=(404,))
async def properties(call: Call) -> dict[str, Any]:
    """Return a backend's calibration."""
    return catalog.properties(_name(call))


@BACKENDS("GET", "/backends/{name}/defaults", errors=(404,))
async def defaults(call: Call) -> dict[str, Any]:
    """Return a backend's pulse defaults."""
    return catalog.defaults(_name(call))


@BACKENDS("GET", "/backends/{name}/status", errors=(404,))
async def status(call: Call) -> models.BackendStatus:
    """Return a backend's status and queue length."""
    name = _name(call)
    version = catalog.configuration(name)["backend_version"]
    return models.BackendStatus(call.runtime.scheduler.length(name), version)


def _name(call: Call) -> str:
    return one_of(call.runtime.backends_for(call.caller), call.path("name"))
