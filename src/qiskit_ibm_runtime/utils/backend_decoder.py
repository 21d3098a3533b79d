"""Documents of the service as Qiskit's objects; the documents are left as they are."""

from __future__ import annotations

import copy
import logging
from typing import Any

import dateutil.parser
from qiskit.providers.models import (
    BackendProperties,
    PulseBackendConfiguration,
    PulseDefaults,
    QasmBackendConfiguration,
)

from .converters import utc_to_local

logger = logging.getLogger(__name__)


def configuration_from_server_data(raw_config: Any, instance: str = "") -> Any:
    """Return the configuration; ``None``, with a warning, if it cannot be understood."""
    if not isinstance(raw_config, dict):
        logger.warning(
            "A backend%s is left out: its configuration is no object.",
            f" of {instance}" if instance else "",
        )
        return None
    try:
        # Terra leaves what it is given alone, so only the parts that differ are made anew.
        data = {**raw_config, "online_date": dateutil.parser.isoparse(raw_config["online_date"])}
        if raw_config.get("u_channel_lo"):
            data["u_channel_lo"] = [
                [{**entry, "scale": complex(*entry["scale"])} for entry in channel]
                for channel in raw_config["u_channel_lo"]
            ]
        try:
            return PulseBackendConfiguration.from_dict(data)
        except (KeyError, TypeError):
            return QasmBackendConfiguration.from_dict(data)
    except Exception:
        logger.warning(
            "Backend %r is left out: its configuration cannot be understood.",
            raw_config.get("backend_name"),
            exc_info=True,
        )
        return None


def properties_from_server_data(properties: dict[str, Any]) -> BackendProperties:
    """Return the calibration with its dates in local time."""
    data = copy.deepcopy(properties)
    data["last_update_date"] = utc_to_local(data["last_update_date"])
    for qubit in data["qubits"]:
        for value in qubit:
            value["date"] = utc_to_local(value["date"])
    for gate in data["gates"]:
        for value in gate["parameters"]:
            value["date"] = utc_to_local(value["date"])
    for value in data.get("general", []):
        if "date" in value:
            value["date"] = utc_to_local(value["date"])
    return BackendProperties.from_dict(data)


def defaults_from_server_data(defaults: dict[str, Any]) -> PulseDefaults:
    """Return the pulse defaults."""
    data = copy.deepcopy(defaults)
    for pulse in data["pulse_library"]:
        pulse["samples"] = [_complex(sample) for sample in pulse["samples"]]
    for command in data["cmd_def"]:
        for step in command.get("sequence") or []:
            if "val" in step:
                step["val"] = _complex(step["val"])
            if "amp" in (step.get("parameters") or {}):
                step["parameters"]["amp"] = _complex(step["parameters"]["amp"])
    return PulseDefaults.from_dict(data)


def _complex(value: Any) -> complex:
    return complex(*value) if isinstance(value, (list, tuple)) else complex(value)
