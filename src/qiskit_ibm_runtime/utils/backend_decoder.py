"""Documents of the service as Qiskit's objects; the documents are left as they are.

A document may also hold Python's own values, as ``to_dict()`` of Qiskit's objects returns them:
doubles of a client answer with such documents.
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

_FAULTS_OF_MODELS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    QiskitError,
    TypeError,
    ValueError,
)
logger = logging.getLogger(__name__)


def configuration_from_server_data(raw_config: Any, instance: str = "") -> Any:
    """Return the configuration; ``None``, with a warning, if it cannot be understood."""
    if not isinstance(raw_config, dict):
        logger.warning(
            "A backend%s is skipped: its configuration is not an object.",
            f" of {instance}" if instance else "",
        )
        return None
    try:
        # Terra leaves what it is given alone, so only the parts that differ are made anew.
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
            "Backend %r is skipped: its configuration cannot be understood.",
            raw_config.get("backend_name"),
            exc_info=True,
        )
        return None


def _configuration(data: dict[str, Any], absent: Iterable[str]) -> Any:
    """Return a configuration in which fields that services no longer send read as ``None``."""
    try:
        made = PulseConfiguration.from_dict(data)
    except (KeyError, TypeError):
        made = QasmBackendConfiguration.from_dict(data)
    made._data.update((name, None) for name in absent if name not in data)
    return made


@contextmanager
def _understood(what: str) -> Iterator[None]:
    """Raise one error for whatever Qiskit's models say to a document of another form.

    Raises:
        IBMBackendApiProtocolError: If the block fails.
    """
    try:
        yield
    except _FAULTS_OF_MODELS as exc:
        raise IBMBackendApiProtocolError(
            f"The service sent {what} in a form that cannot be understood: "
            f"{type(exc).__name__}: {str(exc)[:200]}"
        ) from exc


@_understood("the properties of a backend")
def properties_from_server_data(properties: dict[str, Any]) -> BackendProperties:
    """Return the calibration with its dates in local time.

    Raises:
        IBMBackendApiProtocolError: If it cannot be understood.
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


@_understood("the pulse defaults of a backend")
def defaults_from_server_data(defaults: dict[str, Any]) -> PulseDefaults:
    """Return the pulse defaults.

    Raises:
        IBMBackendApiProtocolError: If they cannot be understood.
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
