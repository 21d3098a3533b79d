"""Classification of requests that failed without a response."""

from __future__ import annotations

import ssl

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from qiskit_ibm_runtime.api.http.errors import NtlmError, classify
from qiskit_ibm_runtime.api.http.retry import Fault

POOL = HTTPConnectionPool("service.example")
REFUSED = NewConnectionError(POOL, "Failed to establish a new connection: Connection refused")  # type: ignore[arg-type]


def gave_up(reason: Exception) -> MaxRetryError:
    return MaxRetryError(POOL, "/jobs", reason)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (requests.ConnectionError(gave_up(REFUSED)), Fault.NEVER_SENT),
        (
            requests.ConnectTimeout(gave_up(ConnectTimeoutError(POOL, "timed out"))),
            Fault.NEVER_SENT,
        ),
        (
            requests.exceptions.ProxyError(gave_up(ProxyError("no proxy", REFUSED))),
            Fault.NEVER_SENT,
        ),
        (
            requests.exceptions.ProxyError(
                gave_up(ProxyError("x", OSError("Tunnel connection failed: 502 Bad gateway")))
            ),
            Fault.NEVER_SENT,
        ),
        (
            requests.exceptions.ProxyError(
                gave_up(ProxyError("x", OSError("Tunnel connection failed: 407 Authenticate")))
            ),
            Fault.HOPELESS,
        ),
        (
            # Older urllib3 raises this for every fault of a proxied connection.
            requests.exceptions.ProxyError(
                gave_up(ProxyError("Cannot connect to proxy.", ConnectionResetError(104, "reset")))
            ),
            Fault.LOST,
        ),
        (
            requests.exceptions.SSLError(
                gave_up(SSLError(ssl.SSLCertVerificationError(1, "certificate verify failed")))
            ),
            Fault.HOPELESS,
        ),
        (
            requests.exceptions.SSLError(
                gave_up(SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")))
            ),
            Fault.LOST,
        ),
        (
            requests.ConnectionError(ProtocolError("Aborted", ConnectionResetError(104, "reset"))),
            Fault.LOST,
        ),
        (requests.ReadTimeout(ReadTimeoutError(POOL, "/jobs", "timed out")), Fault.LOST),
        (requests.exceptions.ChunkedEncodingError("broken off"), Fault.LOST),
        (requests.exceptions.ContentDecodingError("no gzip"), Fault.LOST),
        (requests.exceptions.InvalidURL("no host"), Fault.HOPELESS),
        (
            requests.ConnectionError(
                OSError("Could not find a suitable TLS CA certificate bundle")
            ),
            Fault.HOPELESS,
        ),
        (requests.ConnectionError(FileNotFoundError(2, "no such file")), Fault.HOPELESS),
        (NtlmError("no agreement"), Fault.HOPELESS),
        (requests.ConnectionError("something new"), Fault.LOST),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else type(value).__name__,
)
def test_classifies_broken_connections(error: Exception, fault: Fault) -> None:
    assert classify(error) is fault
