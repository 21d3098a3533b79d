"""Conversion of the service's backend documents to Qiskit's models, without modifying them.

Documents may also contain Python objects, as in the output of the models' ``to_dict()``: test
doubles of a client return such documents.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import dateutil.parser
from qiskit.exceptions import QiskitError
from qiskit.providers.models import BackendProperties, PulseDefaults, QasmBackendConfiguration

from qiskit_ibm_runtime._backends.pulses import PulseConfiguration
from qiskit_ibm_runtime.exceptions import IBMBackendApiProtocolError

from .converters import utc_to_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MODEL_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    QiskitError,
    TypeError,
    ValueError,
)
logger = logging.getLogger(__name__)


def configuration_from_server_data(raw_config: Any, instance: str = "") -> Any:
    """Return the configuration; log a warning and return ``None`` if it is malformed."""
    if not isinstance(raw_config, dict):
        logger.warning(
            "Skipping a backend%s: its configuration is not an object.",
            f" of {instance}" if instance else "",
        )
        return None
    try:
        # Terra does not modify its input, so only the changed parts are copied.
        data = dict(raw_config)
        if isinstance(data["online_date"], str):
            data["online_date"] = dateutil.parser.isoparse(data["online_date"])
        if raw_config.get("u_channel_lo"):
            data["u_channel_lo"] = [
                [{**entry, "scale": _complex(entry["scale"])} for entry in channel]
                for channel in raw_config["u_channel_lo"]
            ]
        return _configuration(data, getattr(raw_config, "absent", ()))
    except Exception:
        logger.warning(
            "Skipping backend %r: its configuration is malformed.",
            raw_config.get("backend_name"),
            exc_info=True,
        )
        return None


def _configuration(data: dict[str, Any], absent: Iterable[str]) -> Any:
    """Create a configuration in which fields that services no longer send are ``None``."""
    try:
        made = PulseConfiguration.from_dict(data)
    except (KeyError, TypeError):
        made = QasmBackendConfiguration.from_dict(data)
    made._data.update((name, None) for name in absent if name not in data)
    return made


@contextmanager
def _protocol_errors(what: str) -> Iterator[None]:
    """Convert errors that Qiskit's models raise for malformed documents.

    Raises:
        IBMBackendApiProtocolError: If the block fails.
    """
    try:
        yield
    except _MODEL_ERRORS as exc:
        raise IBMBackendApiProtocolError(
            f"The service returned malformed {what}: {type(exc).__name__}: {str(exc)[:200]}"
        ) from exc


@_protocol_errors("properties of a backend")
def properties_from_server_data(properties: dict[str, Any]) -> BackendProperties:
    """Return the calibration with its dates in local time.

    Raises:
        IBMBackendApiProtocolError: If the document is malformed.
    """
    local_time = lru_cache(maxsize=None)(utc_to_local)  # thousands of values share a few dates
    data = {
        **properties,
        "last_update_date": local_time(properties["last_update_date"]),
        "qubits": [_dated(values, local_time) for values in properties["qubits"]],
        "gates": [
            {**gate, "parameters": _dated(gate["parameters"], local_time)}
            for gate in properties["gates"]
        ],
        "general": _dated(properties.get("general", []), local_time),
    }
    return BackendProperties.from_dict(data)


def _dated(values: list[dict[str, Any]], local_time: Any) -> list[dict[str, Any]]:
    return [
        {**value, "date": local_time(value["date"])} if "date" in value else dict(value)
        for value in values
    ]


@_protocol_errors("pulse defaults of a backend")
def defaults_from_server_data(defaults: dict[str, Any]) -> PulseDefaults:
    """Return the pulse defaults.

    Raises:
        IBMBackendApiProtocolError: If the document is malformed.
    """
    data = {
        **defaults,
        "pulse_library": [
            {**pulse, "samples": [_complex(sample) for sample in pulse["samples"]]}
            for pulse in defaults["pulse_library"]
        ],
        "cmd_def": [
            {**command, "sequence": [_step(step) for step in command["sequence"]]}
            if command.get("sequence")
            else dict(command)
            for command in defaults["cmd_def"]
        ],
    }
    return PulseDefaults.from_dict(data)


def _step(step: dict[str, Any]) -> dict[str, Any]:
    made = dict(step)
    if "val" in made:
        made["val"] = _complex(made["val"])
    if made.get("parameters"):
        made["parameters"] = dict(made["parameters"])
        if "amp" in made["parameters"]:
            made["parameters"]["amp"] = _complex(made["parameters"]["amp"])
    return made


def _complex(value: Any) -> complex:
    return complex(*value) if isinstance(value, (list, tuple)) else complex(value)
