"""What ``doctor`` looks at, one function for each subject."""

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

FINE: Final = "ok"
DOUBTFUL: Final = "warning"
BROKEN: Final = "failed"

_PACKAGES = (
    *("qiskit-ibm-runtime", "qiskit-terra", "qiskit-aer", "numpy"),
    *("requests", "urllib3", "websocket-client", "typer", "rich"),
)
_SECRET_VARIABLES = ("TOKEN",)
_SECONDS_TO_ANSWER = 15
# Seconds by which clocks may differ before signatures and tokens are refused.
_SKEW_TO_WARN_OF = 60


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: The subject.
        state: ``ok``, ``warning`` or ``failed``.
        found: What was found.
        advice: What to do about it; empty if nothing is to be done.
    """

    what: str
    state: str
    found: str
    advice: str = ""


def findings(connection: Connection, *, offline: bool) -> Iterator[Finding]:
    """Look at everything, and go on when something is broken.

    Args:
        connection: Which account to look at.
        offline: Whether to send nothing.
    """
    yield from _installation()
    yield _variables()
    yield _account_file(connection.file)
    yield _client_header()
    yield _kept_runtime()
    try:
        account = connection.find_account()
    except Exception as error:  # noqa: BLE001  # whatever is wrong with it is a finding
        yield Finding("account", BROKEN, _text(error), "See `account list` and `account save`.")
        return
    if account is None:
        yield Finding("account", FINE, "channel local: the embedded runtime")
    else:
        yield Finding("account", FINE, _shown(account))
        yield _proxies(account)
        if not offline:
            yield from _way(account)
    if not offline:
        yield _service(connection)


def check_platform(connection: Connection) -> int:
    """Run the self-check of the bridge to today's platform, and return its exit code.

    It says what it costs and asks before it submits anything.

    Args:
        connection: Which account and instance to use.

    Raises:
        AccountNotFoundError: If there is no account of the platform.
    """
    import subprocess
    from dataclasses import replace

    from qiskit_ibm_runtime.utils.retired import PLATFORM_CHANNEL

    # Without such an account, its error is raised here, where it is explained.
    replace(connection, channel=PLATFORM_CHANNEL).find_account()
    given = {"--account": connection.account, "--instance": connection.instance}
    chosen = [f"{name}={value}" for name, value in given.items() if value is not None]
    command = [sys.executable, "-m", "qiskit_ibm_runtime._platform.check", *chosen]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # no shell reads it


def _installation() -> Iterator[Finding]:
    import numpy as np
    import qiskit

    from qiskit_ibm_runtime.utils.environment import doubtful

    yield Finding("python", FINE, f"{platform.python_version()} on {platform.platform()}")
    doubt = doubtful(qiskit.__version__, np.__version__)
    for name in _PACKAGES:
        try:
            number = version(name)
        except PackageNotFoundError:
            continue
        blamed = doubt if name == "numpy" else None
        yield Finding(name, DOUBTFUL if blamed else FINE, number, blamed or "")


def _variables() -> Finding:
    names = sorted(name for name in os.environ if name.startswith(("QISKIT_IBM", "QISKIT_RUNTIME")))
    shown = [
        f"{name}={'***' if name.endswith(_SECRET_VARIABLES) else redact(os.environ[name])}"
        for name in names
    ]
    return Finding("environment", FINE, "\n".join(shown) or "no variable is set")


def _account_file(given: str | None) -> Finding:
    from qiskit_ibm_runtime.accounts import AccountManager, management

    path = Path(given or management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE).expanduser()
    if not path.exists():
        return Finding("account file", FINE, f"{path}: none")
    try:
        saved = AccountManager.list(filename=given)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with it is a finding
        return Finding("account file", BROKEN, _text(error))
    mode = path.stat().st_mode & 0o777
    found = f"{path}: {len(saved)} accounts, rights {mode:03o}"
    if os.name == "posix" and mode & 0o077:
        return Finding("account file", DOUBTFUL, found, f"Others can read it: chmod 600 {path}")
    return Finding("account file", FINE, found)


def _client_header() -> Finding:
    from qiskit_ibm_runtime.api.http.client_header import client_application

    return Finding("client header", FINE, client_application())


def _kept_runtime() -> Finding:
    if os.name != "posix":
        return Finding("embedded runtime", FINE, "runs on Linux and macOS only")
    from qiskit_ibm_runtime.local import daemon
    from qiskit_ibm_runtime.local.server_process import versions

    found = daemon.find(patience=0)
    if found is None:
        return Finding("embedded runtime", FINE, "none is kept")
    where = f"{found.url}, process {found.pid}"
    if found.versions != versions():
        advice = "It runs other versions than these: `local stop`, then `local start`."
        return Finding("embedded runtime", DOUBTFUL, where, advice)
    return Finding("embedded runtime", FINE, where)


def _shown(account: Account) -> str:
    from qiskit_ibm_runtime._display.masking import masked

    fields = masked(account.to_saved_format())
    return ", ".join(f"{name} {value}" for name, value in fields.items())


def _proxies(account: Account) -> Finding:
    from requests.utils import get_environ_proxies

    if account.proxies:
        urls = account.proxies.to_request_params().get("proxies") or {}
        return Finding("proxy", FINE, redact(f"of the account: {urls}"))
    found = get_environ_proxies(account.url or "", no_proxy=None)
    return Finding("proxy", FINE, redact(f"of the environment: {found}") if found else "none")


def _way(account: Account) -> Iterator[Finding]:
    """Ask the address of the account for anything: whatever it answers, the way is open."""
    import requests

    parameters: dict[str, Any] = {"verify": account.certificates}
    if account.proxies:
        given = account.proxies.to_request_params()
        parameters["proxies"] = given.get("proxies")
    try:
        answer = requests.get(
            str(account.url), timeout=_SECONDS_TO_ANSWER, allow_redirects=False, **parameters
        )
    except requests.exceptions.SSLError as error:
        advice = "Give the file of the authority as `verify`, if a proxy of your own signs."
        yield Finding("TLS", BROKEN, _text(error), advice)
        return
    except requests.exceptions.ProxyError as error:
        yield Finding("proxy", BROKEN, _text(error), "Check its address and credentials.")
        return
    except requests.RequestException as error:
        yield Finding("reachable", BROKEN, _text(error), "Check url, network and firewall.")
        return
    seconds = answer.elapsed.total_seconds()
    yield Finding("reachable", FINE, f"{redact(str(account.url))} answered in {seconds:.2f} s")
    if not str(account.url).startswith("https:"):
        yield Finding("TLS", FINE, "not used for this address")
    elif account.certificates is False:
        yield Finding("TLS", DOUBTFUL, "certificates are not checked", "Set `verify` to true.")
    else:
        yield Finding("TLS", FINE, "certificates are checked")
    yield _clock(answer)


def _clock(answer: Response) -> Finding:
    from datetime import datetime, timezone

    try:
        told = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return Finding("clock", FINE, "the service does not tell its time")
    skew = (datetime.now(timezone.utc) - told).total_seconds()
    found = f"{skew:+.0f} s from that of the service"
    if abs(skew) > _SKEW_TO_WARN_OF:
        return Finding("clock", DOUBTFUL, found, "Set the clock; tokens may be refused.")
    return Finding("clock", FINE, found)


def _service(connection: Connection) -> Finding:
    try:
        service = connection.open()
    except Exception as error:  # noqa: BLE001  # whatever is wrong with it is a finding
        return Finding("log-in", BROKEN, _text(error))
    return Finding("log-in", FINE, f"accepted; {len(service._backends)} backends")


def _text(error: Exception) -> str:
    return redact(str(getattr(error, "message", "") or str(error) or type(error).__name__))
