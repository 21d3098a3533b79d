"""Devices: list, configuration, properties and status."""

import re
from typing import Any

from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.protocol.errors import invalid
from qiskit_ibm_runtime.local.protocol.responses import JSONResponse
from qiskit_ibm_runtime.local.runtime import backend_not_found

from . import documents, models

BACKENDS = Routes()
VERSIONS = (
    *("2024-01-01", "2025-01-01", "2025-05-01", "2026-02-01", "2026-02-15", "2026-03-15"),
    "2026-04-15",
)
_OBJECTS_SINCE = "2025-05-01"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def api_version(call: Call) -> str:
    """Return the API version of a request; the newest by default.

    Raises:
        RequestError: 400 if the version is malformed or too old.
    """
    asked = call.request.headers.get("ibm-api-version", VERSIONS[-1])
    if not _DATE.fullmatch(asked) or asked < VERSIONS[0]:
        raise invalid(f"Unknown API version {asked!r}; use one of {', '.join(VERSIONS)}.")
    return asked


@BACKENDS("GET", "/versions", is_public=True)
async def versions(call: Call) -> models.Version:
    """List API versions."""
    return models.Version(list(VERSIONS))


@BACKENDS("GET", "/backends")
async def listed(call: Call, query: models.BackendQuery) -> models.Devices:
    """List devices as objects, or as names in old API versions."""
    names = call.runtime.devices_for(call.caller)
    if api_version(call) < _OBJECTS_SINCE:
        return models.Devices(list(names))
    return models.Devices([_device(call, name, query.fields or "") for name in names])


@BACKENDS("GET", "/backends/{name}/configuration", errors=(404,))
async def configuration(call: Call, query: models.DocumentQuery) -> dict[str, Any]:
    """Describe a device."""
    return documents.configuration(device_named(call, call.path("name")))


@BACKENDS("GET", "/backends/{name}/properties", errors=(404,))
async def properties(call: Call, query: models.DocumentQuery) -> dict[str, Any]:
    """Return a device's calibration."""
    return documents.properties(device_named(call, call.path("name")))


@BACKENDS("GET", "/backends/{name}/status", errors=(404,))
async def status(call: Call) -> models.Status:
    """Return the status of a device and the length of its queue."""
    name = device_named(call, call.path("name"))
    version = documents.configuration(name)["backend_version"]
    return models.Status(call.runtime.scheduler.length(name), version)


def device_named(call: Call, name: str) -> str:
    """Return the name if the caller has access to the device.

    Raises:
        RequestError: 404 otherwise.
    """
    if name not in call.runtime.devices_for(call.caller):
        raise backend_not_found(name)
    return name


def _device(call: Call, name: str, fields: str) -> dict[str, Any]:
    its = {
        "name": name,
        "status": {"name": "online"},
        "is_simulator": False,
        "qubits": call.runtime.qubits(name),
        "clops": {"type": "hardware", "value": 200_000},
        "processor_type": documents.processor(name),
        "queue_length": call.runtime.scheduler.length(name),
    }
    if "wait_time_seconds" in fields.split(","):
        its["wait_time_seconds"] = {"average": 1.0, "p50": 1.0, "p95": 2.0}
    return its


@BACKENDS("GET", "/backends/{name}/defaults", errors=(404,))
async def defaults(call: Call) -> Any:
    """Return null, because devices no longer have pulse defaults."""
    device_named(call, call.path("name"))
    return JSONResponse(None)
