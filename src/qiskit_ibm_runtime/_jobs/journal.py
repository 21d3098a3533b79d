"""Journal of the jobs submitted from this machine, so that a crash loses no job.

Errors of the journal never make a submit fail. The journal contains job ids and no secrets; the
account is stored as a digest. ``QISKIT_IBM_RUNTIME_JOURNAL=off`` disables it, and any other value
is the path of its file. Under pytest it is disabled unless this variable names a file.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.accounts import AccountIdentity
from qiskit_ibm_runtime.accounts.validation import LOCAL_CHANNEL

if TYPE_CHECKING:
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob

logger = logging.getLogger(__name__)

VARIABLE = "QISKIT_IBM_RUNTIME_JOURNAL"
_OFF = ("off", "0", "false", "no")
_LONGEST = 200_000
_KEPT = 500  # lines of about 200 characters to keep when the file exceeds the limit


def path() -> Path | None:
    """Return the path of the journal; ``None`` if it is disabled."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.lower() in _OFF:
        return None
    if chosen:
        return Path(chosen).expanduser()
    if "PYTEST_CURRENT_TEST" in os.environ or "PYTEST_VERSION" in os.environ:
        return None
    return Path.home() / ".qiskit" / "qiskit-ibm-runtime-jobs.jsonl"


def note(service: QiskitRuntimeService, job: RuntimeJob) -> None:
    """Add a submitted job to the journal; never raises.

    Args:
        service: Service of the job.
        job: The job.
    """
    try:
        file = path()
        if file is not None:
            _append(file, _entry(service, job))
    except Exception as error:  # noqa: BLE001  # a failing journal must not lose the job
        logger.debug("Could not add job %s to the journal: %s", job.job_id(), error)


def last_job_id(service: QiskitRuntimeService) -> str | None:
    """Return the id of the job last submitted with the account of a service, or ``None``.

    Args:
        service: The service.
    """
    account = _account(AccountIdentity.of(service._account))
    ours = [entry for entry in entries() if entry.get("account") == account]
    return str(ours[-1]["id"]) if ours else None


def entries() -> list[dict[str, Any]]:
    """Return the entries of the journal, oldest first, skipping malformed lines."""
    file = path()
    found = []
    with suppress(OSError):
        for line in _lines(file) if file is not None else ():
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                    found.append(entry)
    return found


def _entry(service: QiskitRuntimeService, job: RuntimeJob) -> dict[str, Any]:
    identity = AccountIdentity.of(service._account)
    return {
        "id": job.job_id(),
        "account": _account(identity),
        "channel": identity.channel,
        "program": job._program_id,
        "backend": job._place.get("backend"),
        "session": job._session_id,
        "submitted": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _account(identity: AccountIdentity) -> str:
    """Return a key of an account that stays the same when the persistent runtime restarts."""
    if identity.channel == LOCAL_CHANNEL and os.name == "posix":
        from qiskit_ibm_runtime.local import daemon

        found = daemon.find(patience=0)
        if found is not None and found.url == identity.url:
            return "kept"
    return identity.fingerprint


def _append(file: Path, entry: dict[str, Any]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    opened = os.open(file, flags, 0o600)
    try:
        os.fchmod(opened, 0o600)
        # A single write, so that lines of several processes do not interleave.
        os.write(opened, f"{json.dumps(entry)}\n".encode())
        size = os.fstat(opened).st_size
    finally:
        os.close(opened)
    if size > _LONGEST:
        _shorten(file)


def _shorten(file: Path) -> None:
    """Keep the newest entries; an entry added concurrently by another process may be lost."""
    newest = _lines(file)[-_KEPT:]
    made, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(made, "w", encoding="utf-8") as opened:
            opened.write("\n".join(newest) + "\n")
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()
