"""Validation of account fields from users and files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.addresses import is_loopback
from qiskit_ibm_runtime.utils.hgp import from_instance_format
from qiskit_ibm_runtime.utils.retired import PLATFORM_CHANNEL, is_old, is_platform
from qiskit_ibm_runtime.utils.utils import is_crn

from .exceptions import InvalidAccountError

LOCAL_CHANNEL = "local"
CHANNELS = ("ibm_cloud", "ibm_quantum", PLATFORM_CHANNEL, LOCAL_CHANNEL)
# Channels whose services are bound to one instance, by its CRN.
CLOUD_CHANNELS = ("ibm_cloud", PLATFORM_CHANNEL)
# Channels whose instances are hub/group/projects, and whose runs require a backend.
HUB_CHANNELS = ("ibm_quantum", LOCAL_CHANNEL)


def check_channel(channel: Any) -> None:
    """Validate the channel."""
    if channel not in CHANNELS:
        raise InvalidAccountError(
            f"Invalid `channel` value. Expected one of {', '.join(map(repr, CHANNELS))}, "
            f"got {channel!r}."
        )


def check_token(token: Any) -> None:
    """Validate the token, without showing it in errors."""
    if not isinstance(token, str) or not token:
        got = "an empty one" if token == "" else type(token).__name__
        raise InvalidAccountError(f"Invalid `token` value. Expected a non-empty string, got {got}.")
    if token != token.strip() or not (token.isascii() and token.isprintable()):
        # The token is sent in a header, and requests would show it in an error message.
        raise InvalidAccountError(
            "Invalid `token` value. Expected printable ASCII characters without spaces or line "
            "breaks at the start or the end, got a token with other characters."
        )


def check_url(url: Any, channel: str) -> None:
    """Validate the URL; for ``local``, refuse one that would send the token unencrypted."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts else None
    except ValueError:
        parts = None
    if parts is None:
        raise InvalidAccountError(
            f"Invalid `url` value. Expected the address of the service, got {url!r}."
        )
    if channel == LOCAL_CHANNEL and parts.scheme != "https" and not is_loopback(host):
        raise InvalidAccountError(
            "Invalid `url` value. Channel 'local' requires a server on this machine, such as "
            f"'http://127.0.0.1:8000/api', or an https URL, got {url!r}."
        )
    if channel == "ibm_quantum" and is_platform(url):
        raise InvalidAccountError(
            f"Invalid `url` value. {url!r} belongs to channel {PLATFORM_CHANNEL!r}, and the token "
            "of channel 'ibm_quantum' is not sent there: it needs an API key of IBM Cloud."
        )
    if channel == PLATFORM_CHANNEL and is_old(url):
        raise InvalidAccountError(
            f"Invalid `url` value. {url!r} was switched off; leave `url` out on channel "
            f"{PLATFORM_CHANNEL!r}."
        )


def check_instance(instance: Any, channel: str) -> None:
    """Validate the instance for the channel."""
    try:
        if channel == PLATFORM_CHANNEL:
            _check_platform_instance(instance)
        elif channel == "ibm_cloud":
            _check_service_instance(instance)
        elif instance is not None:
            from_instance_format(instance)
    except IBMInputValueError as exc:
        raise InvalidAccountError(f"Invalid `instance` value. {exc.message}") from None


def _check_service_instance(instance: Any) -> None:
    if not isinstance(instance, str) or not instance:
        raise IBMInputValueError(
            "Channel 'ibm_cloud' needs the CRN or the name of a Qiskit Runtime service instance, "
            f"got {instance!r}."
        )


def _check_platform_instance(instance: Any) -> None:
    """Accept any name except hub/group/project; without one, the account is searched."""
    if instance is not None and not isinstance(instance, str):
        raise IBMInputValueError(f"Expected a CRN or a name, got {instance!r}.")
    if instance and not is_crn(instance) and instance.count("/") == 2:
        raise IBMInputValueError(
            f"{instance!r} is a hub/group/project of the channel 'ibm_quantum', which was switched "
            "off. Give the CRN or the name of a service instance, or leave `instance` out."
        )
