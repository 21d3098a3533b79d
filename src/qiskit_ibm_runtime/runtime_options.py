"""Options of a program run: backend, image, limits."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .accounts.validation import CLOUD_CHANNELS, HUB_CHANNELS
from .exceptions import IBMInputValueError
from .utils.arguments import seconds, whole_number
from .utils.converters import hms_to_seconds
from .utils.deprecation import caller_stacklevel, issue_deprecation_msg
from .utils.utils import validate_job_tags

if TYPE_CHECKING:
    from .ibm_backend import IBMBackend

_IMAGE = re.compile(r"[a-z0-9]+([/.\-_][a-z0-9]+)*:[a-z0-9]+([.\-_][a-z0-9]+)*", re.I | re.A)


@dataclass(init=False)
class RuntimeOptions:
    """Options of one run of a program.

    .. code-block:: python

        from qiskit_ibm_runtime import RuntimeOptions

        options = RuntimeOptions(backend="ibmq_qasm_simulator", job_tags=["nightly"])
        options.validate(channel="ibm_quantum")

    Attributes:
        backend: The backend or its name. Channel ``ibm_cloud`` chooses one if none is given.
        image: Image in which to run the program, as ``image_name:tag``; needs authorization.
        log_level: Level of the job's log: ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR`` or
            ``CRITICAL``; case does not matter.
        instance: ``hub/group/project`` to run in; not for channel ``ibm_cloud``.
        job_tags: Tags by which to find the job later.
        max_execution_time: Seconds after which the service stops the job.
        session_time: Maximum duration in seconds of a session that the job opens.
    """

    backend: str | IBMBackend | None = None
    image: str | None = None
    log_level: str | None = None
    instance: str | None = None
    job_tags: list[str] | None = None
    max_execution_time: int | None = None
    session_time: int | None = None

    def __init__(
        self,
        backend: str | IBMBackend | None = None,
        image: str | None = None,
        log_level: str | None = None,
        instance: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        session_time: int | None = None,
        **deprecated: Any,
    ) -> None:
        """Create the options; all are unset by default.

        Raises:
            TypeError: If a keyword is unknown, or ``backend`` is also given under its old name
                ``backend_name``.
        """
        self.backend = backend
        self.image = image
        self.log_level = log_level
        self.instance = instance
        self.job_tags = job_tags
        self.max_execution_time = max_execution_time
        self.session_time = session_time
        if "backend_name" in deprecated:
            if backend is not None:
                raise TypeError("Give 'backend' only: 'backend_name' is its old name.")
            _warn_of_backend_name()
            self.backend = deprecated.pop("backend_name")
        if deprecated:
            raise TypeError(
                f"RuntimeOptions has no option {', '.join(map(repr, deprecated))}. "
                f"There are: {', '.join(self.__dataclass_fields__)}."
            )

    @property
    def backend_name(self) -> str | IBMBackend | None:
        """The old name of ``backend``."""
        return self.backend

    @backend_name.setter
    def backend_name(self, value: str | IBMBackend | None) -> None:
        _warn_of_backend_name()
        self.backend = value

    def validate(self, channel: str) -> None:
        """Validate the options for a channel.

        Args:
            channel: Channel on which the program will run.

        Raises:
            IBMInputValueError: If an option is invalid on the channel.
        """
        image: Any = self.image
        if image and not (isinstance(image, str) and _IMAGE.fullmatch(image)):
            raise IBMInputValueError(
                f"The image {image!r} does not have the form 'image_name:tag'."
            )
        if channel in HUB_CHANNELS and not self.backend:
            raise IBMInputValueError(
                f"'backend' is required on channel {channel!r}: give the name of one of "
                "service.backends()."
            )
        if channel in CLOUD_CHANNELS and self.instance:
            raise IBMInputValueError(
                "'instance' is only supported on channel 'ibm_quantum'; on 'ibm_cloud' it is "
                "chosen when the service is created."
            )
        level: Any = self.log_level
        if level and not (
            isinstance(level, str) and isinstance(logging.getLevelName(level.upper()), int)
        ):
            raise IBMInputValueError(
                f"{level!r} is not a valid log level. Use DEBUG, INFO, WARNING, ERROR or CRITICAL."
            )
        validate_job_tags(self.job_tags, IBMInputValueError)
        seconds("max_execution_time", self.max_execution_time)
        seconds("session_time", self.session_time)


class SecondsOfSession(int):
    """The ``session_time`` that a session wrote into a user's options, for that session only."""

    __slots__ = ()


def session_seconds(max_time: Any) -> int | None:
    """Return the maximum duration of a session in seconds.

    Args:
        max_time: Seconds, a string such as ``"2h 30m"``, or ``None`` for the service's own limit.

    Raises:
        IBMInputValueError: If ``max_time`` is of another type or form.
    """
    if max_time is None:
        return None
    if isinstance(max_time, str):
        return hms_to_seconds(max_time, "Invalid max_time value: ")
    return whole_number("max_time", max_time)


def _warn_of_backend_name() -> None:
    issue_deprecation_msg(
        "The 'backend_name' option is deprecated",
        "0.9",
        "Use 'backend' instead.",
        stacklevel=caller_stacklevel(),
    )
