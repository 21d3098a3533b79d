"""The one table of everything that is served; the routes and the OpenAPI description follow it."""

from __future__ import annotations

from .endpoints.account import CLOUD_ACCOUNT, QUANTUM_ACCOUNT
from .endpoints.backends import BACKENDS
from .endpoints.jobs import JOBS
from .endpoints.programs import PROGRAMS
from .endpoints.service import SERVICE
from .endpoints.sessions import SESSIONS

# Quantum clients are told the address of the runtime, cloud clients find it at the root of the
# host that their CRN names.
RUNTIME_ROOTS = ("", "/runtime")
STREAM_PATH = "/stream/jobs/{id}"

ACCOUNT = [*SERVICE, *QUANTUM_ACCOUNT, *CLOUD_ACCOUNT]
RUNTIME = [*BACKENDS, *JOBS, *PROGRAMS, *SESSIONS]
