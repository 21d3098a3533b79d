"""Small helpers whose import path users know from 0.9.3."""

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
    """Refuse job tags that are not a list of strings.

    Args:
        job_tags: The tags; ``None`` and an empty list pass.
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
    """Find the CRNs of the Qiskit Runtime service instances that have a name.

    Args:
        channel: Only ``ibm_cloud`` has CRNs.
        url: Address of the cloud, such as ``https://cloud.ibm.com``.
        instance: Name of a service instance. A CRN is handed back without any request.
        token: API key.
        proxies: How to reach the cloud.
        verify: Whether to check certificates, or the file of the authority to check them with.
        http: How requests are made.

    Returns:
        All CRNs of that name; none if there is no such instance.

    Raises:
        ValueError: If the channel is another one, or no instance is named.
        RequestsApiError: If the cloud cannot be asked.
    """
    if channel != "ibm_cloud":
        raise ValueError(f"CRNs exist on channel 'ibm_cloud' only, not on {channel!r}.")
    if not instance:
        raise ValueError("Say which service instance is meant: give its CRN or its name.")
    if is_crn(instance):
        return [instance]
    from qiskit_ibm_runtime.api.clients.cloud_directory import resolve_instance_names

    return resolve_instance_names(
        url=url, instance=instance, token=token, proxies=proxies, verify=verify, http=http
    )


def instance_names(
    url: str,
    token: str,
    *,
    proxies: ProxyConfiguration | None = None,
    verify: bool | str = True,
    http: HttpSettings | None = None,
) -> list[str]:
    """Names of the Qiskit Runtime service instances of a cloud account, as for `resolve_crn`."""
    from qiskit_ibm_runtime.api.clients.cloud_directory import list_instance_names

    return list_instance_names(url=url, token=token, proxies=proxies, verify=verify, http=http)


def to_python_identifier(name: str) -> str:
    """Turn a name into a snake-case Python identifier.

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
    """Format of our own handlers, and the mark by which they are recognised."""

    def __init__(self) -> None:
        super().__init__("%(module)s.%(funcName)s:%(levelname)s:%(asctime)s: %(message)s")


def setup_logger(logger: logging.Logger) -> None:
    """Let a logger write as the environment says, independent of the root logger.

    ``QISKIT_IBM_RUNTIME_LOG_LEVEL`` is a level name in any case: unset or empty leaves the level
    alone, an unknown one means ``WARNING``. ``QISKIT_IBM_RUNTIME_LOG_FILE`` names a file to append
    to instead of writing on the console. A second call replaces the handler of the first.
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
        logger.warning("%s; the log goes to the console.", fault)


def _add_handler(logger: logging.Logger, filename: str) -> str:
    """Attach a handler; returns what is wrong with the file, if anything is."""
    fault = ""
    handler: logging.Handler = logging.StreamHandler()
    if filename:
        try:
            handler = logging.FileHandler(filename, encoding="utf-8")
        except OSError as exc:  # a log that cannot be written must not keep a program from running
            fault = f"{QISKIT_IBM_RUNTIME_LOG_FILE}={filename!r} cannot be written: {exc.strerror}"
    handler.setFormatter(_RecordFormatter())
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    return fault


def _set_level(logger: logging.Logger, level: str) -> None:
    known = isinstance(logging.getLevelName(level.upper()), int)
    logger.setLevel(level.upper() if known else logging.WARNING)
    if not known:
        logger.warning(
            "%s=%r is not a log level (DEBUG, INFO, WARNING, ERROR, CRITICAL): WARNING is used.",
            QISKIT_IBM_RUNTIME_LOG_LEVEL,
            level,
        )


def filter_data(data: Any) -> Any:
    """Copy data for a log, with the value of every ``hubInfo``, at any depth, left out."""
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
    """A queue of the latest items: putting one more than fit drops the oldest.

    .. code-block:: python

        from qiskit_ibm_runtime.utils.utils import RefreshQueue

        latest = RefreshQueue(maxsize=1)
        latest.put("old")
        latest.put("new")
        assert latest.get() == "new"
    """

    def __init__(self, maxsize: int) -> None:
        """Make a queue for ``maxsize`` items; 0 means without limit."""
        super().__init__(maxsize=maxsize)
        self.condition = threading.Condition()
        self._wake_ups = 0

    def put(self, item: Any) -> None:  # type: ignore[override]  # the signature is that of 0.9.3
        """Add an item at once; the oldest makes room when the queue is full."""
        with self.condition:
            if self.full():
                super().get(block=False)
            super().put(item, block=False)
            self.condition.notify()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the oldest item.

        Args:
            block: Whether to wait for one.
            timeout: Longest wait in seconds; ``None`` waits for as long as it takes.

        Raises:
            queue.Empty: If there is none, or :meth:`notify_all` ended the wait.
        """
        with self.condition:
            wake_ups = self._wake_ups
            if block:
                self.condition.wait_for(
                    lambda: not self.empty() or self._wake_ups != wake_ups, timeout
                )
            return super().get(block=False)

    def notify_all(self) -> None:
        """End the wait of everybody in :meth:`get`."""
        with self.condition:
            self._wake_ups += 1
            self.condition.notify_all()


class CallableStr(str):
    """A text that returns itself when called, so that ``backend.name`` works with parentheses."""

    __slots__ = ()

    def __call__(self) -> str:
        """The text itself."""
        return self
