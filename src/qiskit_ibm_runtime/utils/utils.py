"""Small helpers at the import path of 0.9.3."""

from __future__ import annotations

import hashlib
import keyword
import logging
import os
import queue
import re
import threading
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.http.redaction import RedactingFilter

from .addresses import (
    crn_region,
    get_iam_api_url,
    get_resource_controller_api_url,
    get_runtime_api_base_url,
    is_crn,
)

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.http.settings import HttpSettings
    from qiskit_ibm_runtime.proxies import ProxyConfiguration

__all__ = [
    "QISKIT_IBM_RUNTIME_LOG_FILE",
    "QISKIT_IBM_RUNTIME_LOG_LEVEL",
    "CallableStr",
    "RefreshQueue",
    "crn_region",
    "filter_data",
    "get_iam_api_url",
    "get_resource_controller_api_url",
    "get_runtime_api_base_url",
    "instance_names",
    "is_crn",
    "resolve_crn",
    "setup_logger",
    "to_python_identifier",
    "validate_job_tags",
]

QISKIT_IBM_RUNTIME_LOG_LEVEL = "QISKIT_IBM_RUNTIME_LOG_LEVEL"
QISKIT_IBM_RUNTIME_LOG_FILE = "QISKIT_IBM_RUNTIME_LOG_FILE"


def validate_job_tags(job_tags: Any, exception: type[Exception]) -> None:
    """Reject job tags that are not a list of strings.

    Args:
        job_tags: The tags; ``None`` and an empty list are accepted.
        exception: Class of the error to raise.
    """
    if job_tags and (
        not isinstance(job_tags, list) or not all(isinstance(tag, str) for tag in job_tags)
    ):
        raise exception(f"job_tags needs to be a list of strings, not {job_tags!r}.")


def resolve_crn(
    channel: str,
    url: str,
    instance: str,
    token: str,
    *,
    proxies: ProxyConfiguration | None = None,
    verify: bool | str = True,
    http: HttpSettings | None = None,
) -> list[str]:
    """Find the CRNs of the Qiskit Runtime service instances with a given name.

    Args:
        channel: Must be ``ibm_cloud``, the only channel with CRNs.
        url: URL of the cloud, such as ``https://cloud.ibm.com``.
        instance: Name of a service instance. A CRN is returned without any request.
        token: API key.
        proxies: Proxies to use.
        verify: Whether to verify certificates, or the path of a CA certificate.
        http: HTTP settings.

    Returns:
        All CRNs with that name; empty if there is no such instance.

    Raises:
        ValueError: If the channel is another one, or no instance is given.
        RequestsApiError: If a request to the cloud fails.
    """
    if channel != "ibm_cloud":
        raise ValueError(f"CRNs exist on channel 'ibm_cloud' only, not on {channel!r}.")
    if not instance:
        raise ValueError("No service instance given: give the CRN or name of one as `instance`.")
    if is_crn(instance):
        return [instance]
    from qiskit_ibm_runtime.api.clients.cloud_directory import CloudDirectory

    directory = CloudDirectory(url, token, proxies=proxies, verify=verify, http=http)
    return [found.crn for found in directory.instances(instance)]


def instance_names(
    url: str,
    token: str,
    *,
    proxies: ProxyConfiguration | None = None,
    verify: bool | str = True,
    http: HttpSettings | None = None,
) -> list[str]:
    """List the names of a cloud account's service instances; see :func:`resolve_crn`."""
    from qiskit_ibm_runtime.api.clients.cloud_directory import CloudDirectory

    directory = CloudDirectory(url, token, proxies=proxies, verify=verify, http=http)
    return sorted({found.name for found in directory.instances()})


def to_python_identifier(name: str) -> str:
    """Convert a name to a snake-case Python identifier.

    ``HelloWorld`` and ``hello-world`` become ``hello_world``, ``1abc`` becomes ``_1abc`` and
    ``class`` becomes ``class_``.
    """
    name = "".join(char if f"_{char}".isidentifier() else "_" for char in name)
    if not name.isidentifier():
        name = f"_{name}"
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


class _RecordFormatter(logging.Formatter):
    """Formatter of this package's handlers, which also identifies them."""

    def __init__(self) -> None:
        super().__init__("%(module)s.%(funcName)s:%(levelname)s:%(asctime)s: %(message)s")


def setup_logger(logger: logging.Logger) -> None:
    """Configure a logger from the environment, independently of the root logger.

    ``QISKIT_IBM_RUNTIME_LOG_LEVEL`` is a level name in any case; if it is unset or empty, the level
    does not change, and an unknown name means ``WARNING``. ``QISKIT_IBM_RUNTIME_LOG_FILE`` names a
    file to append to instead of logging to the console. A second call replaces the first handler.
    """
    for handler in [h for h in logger.handlers if isinstance(h.formatter, _RecordFormatter)]:
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = False
    fault = _add_handler(logger, os.environ.get(QISKIT_IBM_RUNTIME_LOG_FILE, ""))
    level = os.environ.get(QISKIT_IBM_RUNTIME_LOG_LEVEL, "")
    if level:
        _set_level(logger, level)
    if fault:
        logger.warning("%s; logging to the console instead.", fault)


def _add_handler(logger: logging.Logger, filename: str) -> str:
    """Attach a handler, and return an error message if the log file cannot be opened."""
    fault = ""
    handler: logging.Handler = logging.StreamHandler()
    if filename:
        try:
            handler = logging.FileHandler(filename, encoding="utf-8")
        except OSError as exc:  # a missing log must not stop the program
            fault = f"Cannot write {QISKIT_IBM_RUNTIME_LOG_FILE}={filename!r}: {exc.strerror}"
    handler.setFormatter(_RecordFormatter())
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    return fault


def _set_level(logger: logging.Logger, level: str) -> None:
    known = isinstance(logging.getLevelName(level.upper()), int)
    logger.setLevel(level.upper() if known else logging.WARNING)
    if not known:
        logger.warning(
            "%s=%r is not a log level (DEBUG, INFO, WARNING, ERROR, CRITICAL): using WARNING.",
            QISKIT_IBM_RUNTIME_LOG_LEVEL,
            level,
        )


def filter_data(data: Any) -> Any:
    """Copy data for a log, replacing the value of each ``hubInfo`` key at any depth by dots."""
    if isinstance(data, dict):
        return {
            key: "..." if key == "hubInfo" else filter_data(value) for key, value in data.items()
        }
    if isinstance(data, list):
        return [filter_data(item) for item in data]
    return data


def _hash(hash_str: str) -> str:
    return hashlib.blake2s(hash_str.encode()).hexdigest()


class RefreshQueue(queue.Queue[Any]):
    """A bounded queue that drops the oldest item when it is full.

    .. code-block:: python

        from qiskit_ibm_runtime.utils.utils import RefreshQueue

        latest = RefreshQueue(maxsize=1)
        latest.put("old")
        latest.put("new")
        assert latest.get() == "new"
    """

    def __init__(self, maxsize: int) -> None:
        """Create a queue for at most ``maxsize`` items; 0 means no limit."""
        super().__init__(maxsize=maxsize)
        self.condition = threading.Condition()
        self._wake_ups = 0

    def put(self, item: Any) -> None:  # type: ignore[override]  # the signature is that of 0.9.3
        """Add an item without blocking, dropping the oldest if the queue is full."""
        with self.condition:
            if self.full():
                super().get(block=False)
            super().put(item, block=False)
            self.condition.notify()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the oldest item.

        Args:
            block: Whether to wait for one.
            timeout: Maximum wait in seconds; ``None`` for no limit.

        Raises:
            queue.Empty: If there is no item, or :meth:`notify_all` ended the wait.
        """
        with self.condition:
            wake_ups = self._wake_ups
            if block:
                self.condition.wait_for(
                    lambda: not self.empty() or self._wake_ups != wake_ups, timeout
                )
            return super().get(block=False)

    def notify_all(self) -> None:
        """Wake up all threads that wait in :meth:`get`."""
        with self.condition:
            self._wake_ups += 1
            self.condition.notify_all()


class CallableStr(str):
    """A string that returns itself when called, so that both ``name`` and ``name()`` work."""

    __slots__ = ()

    def __call__(self) -> str:
        """Return the string."""
        return self
