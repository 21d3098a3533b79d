"""What all rooms share: an environment without accounts, and one embedded runtime for the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    import trustme
    from qiskit import QuantumCircuit
    from tests.standin import StandIn

# Aer's threads spin while they wait for each other, which makes small circuits several times slower
# where several processes do so.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Tests hold outcomes; how long an example takes says more about the machine than about the code.
settings.register_profile("outcomes only", deadline=None)
settings.load_profile("outcomes only")

# What runs in the background of a shell, or under nohup, ignores signals that some tests send.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

# Proxies of anyone who runs the tests; those that a test starts are named by it.
for _variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_variable]


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is not installed
def pytest_xdist_auto_num_workers() -> int:
    """Start two processes more than there are cores: many tests wait for a process or a clock."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process neighboring tests, so that few start the workers of the same room.

    An idle process takes tests from a busy one.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


ACCOUNT_VARIABLES = (
    "QISKIT_IBM_TOKEN",
    "QISKIT_IBM_URL",
    "QISKIT_IBM_INSTANCE",
    "QISKIT_IBM_CHANNEL",
    "QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION",
)


@pytest.fixture(autouse=True)
def _no_account_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep saved accounts and variables of anyone who runs the tests out of them."""
    for variable in ACCOUNT_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    from qiskit_ibm_runtime.accounts import management

    home = tmp_path / "home-without-accounts"
    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(home / "account.json"))
    monkeypatch.setattr(management, "_QISKITRC_CONFIG_FILE", str(home / "qiskitrc"))


@pytest.fixture(autouse=True)
def _no_default_session_left_over() -> Iterator[None]:
    """Start and leave each test without a default session."""
    from qiskit_ibm_runtime import session

    session._DEFAULT_SESSION.set(None)
    yield
    session._DEFAULT_SESSION.set(None)


@pytest.fixture
def bell() -> QuantumCircuit:
    """Two qubits of which each is 0 or 1, and always like the other."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A scriptable service that records its requests, with one project and device."""
    from tests.standin import StandIn

    with StandIn() as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unasked."""
    import trustme

    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The file to give as ``verify``, so that the authority is trusted."""
    path = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)
