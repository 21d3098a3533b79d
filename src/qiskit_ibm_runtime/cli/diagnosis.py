"""The checks of the ``doctor`` command, one function per subject."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qiskit_ibm_runtime.api.http.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

    from qiskit_ibm_runtime.accounts import Account

    from .connection import Connection

OK: Final = "ok"
WARNING: Final = "warning"
FAILURE: Final = "failed"

_PACKAGES = (
    *("qiskit-ibm-runtime", "qiskit-terra", "qiskit-aer", "numpy"),
    *("requests", "urllib3", "websocket-client", "typer", "rich"),
)
_SECRET_VARIABLES = ("TOKEN",)
_TIMEOUT = 15
# Seconds of clock difference above which services may reject signatures and tokens.
_MAX_CLOCK_SKEW = 60


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: Subject of the check.
        state: ``ok``, ``warning`` or ``failed``.
        found: Result of the check.
        advice: What to do next; empty if no action is needed.
    """

    what: str
    state: str
    found: str
    advice: str = ""


def run_checks(connection: Connection, *, offline: bool) -> Iterator[Finding]:
    """Run all checks, continuing after failures.

    Args:
        connection: Options that select the account to check.
        offline: Whether to skip checks that send requests.
    """
    yield from _installation()
    yield _environment_variables()
    yield _account_file(connection.file)
    yield _client_header()
    yield _persistent_runtime()
    try:
        account = connection.find_account()
    except Exception as error:  # noqa: BLE001  # any error is a finding
        yield Finding("account", FAILURE, _text(error), "See `account list` and `account save`.")
        return
    if account is None:
        yield Finding("account", OK, "channel local: the embedded runtime")
    else:
        yield Finding("account", OK, _masked_account(account))
        yield _proxies(account)
        if not offline:
            yield from _connectivity(account)
    if not offline:
        yield _service(connection)


def check_platform(connection: Connection) -> int:
    """Run the self-check of the bridge to IBM Quantum Platform, and return its exit code.

    The self-check states its cost and asks for confirmation before submitting jobs.

    Args:
        connection: Options that select the account and instance.

    Raises:
        AccountNotFoundError: If there is no account for the platform.
    """
    import subprocess
    from dataclasses import replace

    from qiskit_ibm_runtime.utils.retired import PLATFORM_CHANNEL

    # Raise the error for a missing account here, where it is reported properly.
    replace(connection, channel=PLATFORM_CHANNEL).find_account()
    given = {"--account": connection.account, "--instance": connection.instance}
    chosen = [f"{name}={value}" for name, value in given.items() if value is not None]
    command = [sys.executable, "-m", "qiskit_ibm_runtime._platform.check", *chosen]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # runs without a shell


def _installation() -> Iterator[Finding]:
    import numpy as np
    import qiskit

    from qiskit_ibm_runtime.utils.environment import incompatibility

    yield Finding("python", OK, f"{platform.python_version()} on {platform.platform()}")
    problem = incompatibility(qiskit.__version__, np.__version__)
    for name in _PACKAGES:
        try:
            number = version(name)
        except PackageNotFoundError:
            continue
        blamed = problem if name == "numpy" else None
        yield Finding(name, WARNING if blamed else OK, number, blamed or "")


def _environment_variables() -> Finding:
    names = sorted(name for name in os.environ if name.startswith(("QISKIT_IBM", "QISKIT_RUNTIME")))
    shown = [
        f"{name}={'***' if name.endswith(_SECRET_VARIABLES) else redact(os.environ[name])}"
        for name in names
    ]
    return Finding("environment", OK, "\n".join(shown) or "no variables set")


def _account_file(given: str | None) -> Finding:
    from qiskit_ibm_runtime.accounts import AccountManager, management

    path = Path(given or management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE).expanduser()
    if not path.exists():
        return Finding("account file", OK, f"{path}: none")
    try:
        saved = AccountManager.list(filename=given)
    except Exception as error:  # noqa: BLE001  # any error is a finding
        return Finding("account file", FAILURE, _text(error))
    mode = path.stat().st_mode & 0o777
    found = f"{path}: {len(saved)} accounts, permissions {mode:03o}"
    if os.name == "posix" and mode & 0o077:
        advice = f"Other users can read it. Run: chmod 600 {path}"
        return Finding("account file", WARNING, found, advice)
    return Finding("account file", OK, found)


def _client_header() -> Finding:
    from qiskit_ibm_runtime.api.http.client_header import client_application

    return Finding("client header", OK, client_application())


def _persistent_runtime() -> Finding:
    if os.name != "posix":
        return Finding("embedded runtime", OK, "runs on Linux and macOS only")
    from qiskit_ibm_runtime.local import daemon
    from qiskit_ibm_runtime.local.server_process import versions

    found = daemon.find(patience=0)
    if found is None:
        return Finding("embedded runtime", OK, "no persistent one is running")
    where = f"{found.url}, process {found.pid}"
    if found.versions != versions():
        advice = "It runs other package versions. Run `local stop`, then `local start`."
        return Finding("embedded runtime", WARNING, where, advice)
    return Finding("embedded runtime", OK, where)


def _masked_account(account: Account) -> str:
    from qiskit_ibm_runtime._display.masking import mask_fields

    fields = mask_fields(account.to_saved_format())
    return ", ".join(f"{name} {value}" for name, value in fields.items())


def _proxies(account: Account) -> Finding:
    from requests.utils import get_environ_proxies

    if account.proxies:
        urls = account.proxies.to_request_params().get("proxies") or {}
        return Finding("proxy", OK, redact(f"from the account: {urls}"))
    found = get_environ_proxies(account.url or "", no_proxy=None)
    return Finding("proxy", OK, redact(f"from the environment: {found}") if found else "none")


def _connectivity(account: Account) -> Iterator[Finding]:
    """Send a request to the account's URL; any response shows that the service is reachable."""
    import requests

    parameters: dict[str, Any] = {"verify": account.certificates}
    if account.proxies:
        given = account.proxies.to_request_params()
        parameters["proxies"] = given.get("proxies")
    try:
        answer = requests.get(
            str(account.url), timeout=_TIMEOUT, allow_redirects=False, **parameters
        )
    except requests.exceptions.SSLError as error:
        advice = "If your proxy intercepts TLS, set `verify` to the path of its CA certificate."
        yield Finding("TLS", FAILURE, _text(error), advice)
        return
    except requests.exceptions.ProxyError as error:
        yield Finding("proxy", FAILURE, _text(error), "Check the proxy's URL and credentials.")
        return
    except requests.RequestException as error:
        yield Finding("reachable", FAILURE, _text(error), "Check the URL, network and firewall.")
        return
    seconds = answer.elapsed.total_seconds()
    yield Finding("reachable", OK, f"{redact(str(account.url))} answered in {seconds:.2f} s")
    if not str(account.url).startswith("https:"):
        yield Finding("TLS", OK, "not used for this URL")
    elif account.certificates is False:
        yield Finding("TLS", WARNING, "certificates are not verified", "Set `verify` to true.")
    else:
        yield Finding("TLS", OK, "certificates are verified")
    yield _clock(answer)


def _clock(answer: Response) -> Finding:
    from datetime import datetime, timezone

    try:
        service_time = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return Finding("clock", OK, "the service does not report its time")
    skew = (datetime.now(timezone.utc) - service_time).total_seconds()
    found = f"{skew:+.0f} s from the service's clock"
    if abs(skew) > _MAX_CLOCK_SKEW:
        advice = "Synchronize the clock; the service may reject tokens."
        return Finding("clock", WARNING, found, advice)
    return Finding("clock", OK, found)


def _service(connection: Connection) -> Finding:
    try:
        service = connection.open()
    except Exception as error:  # noqa: BLE001  # any error is a finding
        return Finding("log-in", FAILURE, _text(error))
    return Finding("log-in", OK, f"accepted; {len(service._backends)} backends")


def _text(error: Exception) -> str:
    return redact(str(getattr(error, "message", "") or str(error) or type(error).__name__))
