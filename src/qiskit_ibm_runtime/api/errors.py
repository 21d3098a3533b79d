"""One translator from failed requests to errors."""

from __future__ import annotations

import json
from typing import Any

from qiskit_ibm_runtime.exceptions import Failure, IBMNotAuthorizedError

from .exceptions import AuthenticationLicenseError, RequestsApiError

LONGEST_BODY = 4000


def translate(error: Exception, response: Any, attempts: int, elapsed: float) -> Exception:
    """Return the error that a user sees for a failed request."""
    if response is None:
        failure = Failure(None, None, str(error), None, attempts, elapsed)
        return RequestsApiError(f"{error}{_effort(failure)}", failure=failure)
    status = response.status_code
    name, code, message, trace = parse(response.text)
    trace = trace or response.headers.get("uber-trace-id")
    failure = Failure(status, code, message, trace, attempts, elapsed)
    details = f"{message}, Error code: {code}. " if code is not None else ""
    text = f"{error}. {details}{response.text[:LONGEST_BODY]}".strip()
    text += f" (trace {trace})" if trace else ""
    text += _effort(failure)
    if status == 401:
        cls = (
            AuthenticationLicenseError
            if name == "ACCEPT_LICENSE_REQUIRED"
            else IBMNotAuthorizedError
        )
        return cls(text, failure=failure)
    return RequestsApiError(text, status, failure=failure)


def parse(body: str) -> tuple[str | None, int | None, str, str | None]:
    """Read name, code, message and trace id from both shapes of error bodies."""
    try:
        data = json.loads(body)
    except ValueError:
        return None, None, body[:LONGEST_BODY], None
    if not isinstance(data, dict):
        return None, None, body[:LONGEST_BODY], None
    error = data.get("error")
    errors = data.get("errors")
    if (
        not isinstance(error, dict)
        and isinstance(errors, list)
        and errors
        and isinstance(errors[0], dict)
    ):
        error = errors[0]
    if not isinstance(error, dict):
        return None, None, body[:LONGEST_BODY], data.get("trace")
    return error.get("name"), error.get("code"), str(error.get("message", "")), data.get("trace")


def _effort(failure: Failure) -> str:
    if failure.attempts == 1:
        return ""
    return f" ({failure.attempts} attempts in {failure.elapsed:.1f} s)"
