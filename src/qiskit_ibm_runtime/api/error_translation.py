"""Translation of failed requests to the errors that users catch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.exceptions import (
    IBMError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeJobNotFound,
    RuntimeProgramNotFound,
)

from .exceptions import RequestsApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Reading = tuple[type[IBMError], str]

NO_SUCH_PROGRAM: dict[int, Reading] = {404: (RuntimeProgramNotFound, "Program not found")}
NO_SUCH_JOB: dict[int, Reading] = {404: (RuntimeJobNotFound, "Job not found")}


@contextmanager
def translate_errors(what_failed: str, by_status: Mapping[int, Reading] = {}) -> Iterator[None]:
    """Translate a failed request in the block to an error with the same details.

    Args:
        what_failed: Start of the message, such as ``Failed to run program``.
        by_status: Error class and start of the message for specific HTTP statuses.

    Raises:
        IBMNotAuthorizedError: If the credentials were refused; not translated.
        IBMRuntimeError: For every status that is not in ``by_status``.
    """
    try:
        yield
    except IBMNotAuthorizedError:
        raise
    except RequestsApiError as exc:
        cls, start = by_status.get(exc.status_code, (IBMRuntimeError, what_failed))
        raise cls(f"{start}: {exc.message}", failure=exc.failure) from None
