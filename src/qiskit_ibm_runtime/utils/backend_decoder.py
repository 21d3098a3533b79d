"""Documents of the service as Qiskit's objects; the documents are left as they are."""

from __future__ import annotations

import copy
import logging
from functools import lru_cache
from typing import Any

import dateutil.parser
from qiskit.providers.models import (
    BackendProperties,
    PulseDefaults,
    QasmBackendConfiguration,
)

from .converters import utc_to_local
from .pulse_configuration import PulseConfiguration

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
            return PulseConfiguration.from_dict(data)
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
    # Thousands of values share the few moments at which they were measured.
    local = lru_cache(maxsize=None)(utc_to_local)

    def dated(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**value, "date": local(value["date"])} if "date" in value else value
            for value in values
        ]

    gates = [{**gate, "parameters": dated(gate["parameters"])} for gate in properties["gates"]]
    return BackendProperties.from_dict(
        {
            **properties,
            "last_update_date": local(properties["last_update_date"]),
            "qubits": [dated(qubit) for qubit in properties["qubits"]],
            "gates": gates,
            "general": dated(properties.get("general", [])),
        }
    )


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
