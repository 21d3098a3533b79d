"""The public API: cheap to import, complete, typed, importable in any order."""

from __future__ import annotations

import importlib.metadata
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import qiskit_ibm_runtime

EXPORTS = [
    "Estimator",
    "IBMAccountError",
    "IBMApiError",
    "IBMBackend",
    "IBMBackendApiProtocolError",
    "IBMError",
    "IBMInputValueError",
    "IBMNotAuthorizedError",
    "IBMRuntimeError",
    "JobListing",
    "Options",
    "ParameterNamespace",
    "QISKIT_IBM_RUNTIME_LOGGER_NAME",
    "QISKIT_IBM_RUNTIME_LOG_FILE",
    "QISKIT_IBM_RUNTIME_LOG_LEVEL",
    "QiskitError",
    "QiskitRuntimeService",
    "RuntimeDecoder",
    "RuntimeDuplicateProgramError",
    "RuntimeEncoder",
    "RuntimeInvalidStateError",
    "RuntimeJob",
    "RuntimeJobFailureError",
    "RuntimeJobMaxTimeoutError",
    "RuntimeJobNotFound",
    "RuntimeJobTimeoutError",
    "RuntimeOptions",
    "RuntimeProgram",
    "RuntimeProgramNotFound",
    "Sampler",
    "Session",
    "__version__",
    "as_completed",
    "logger",
    "setup_logger",
    "total_usage",
]
PACKAGE = Path(qiskit_ibm_runtime.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(PACKAGE)], "qiskit_ibm_runtime.")
    if not module.name.endswith("__main__")
)


# Submodules of 0.9.3; additional ones need not be attributes.
SUBMODULES = [
    *("accounts.management", "accounts.storage", "api.exceptions", "api.client_parameters"),
    *("api.clients.runtime_ws", "api.rest.runtime_session", "api.rest.utils.data_mapper"),
    *("api.session", "backendreservation", "constants", "estimator", "exceptions"),
    *("hub_group_project", "ibm_backend", "ibm_qubit_properties", "options", "options.utils"),
    *("options.options", "program", "program.program_template", "program.user_messenger"),
    *("proxies.configuration", "qiskit_runtime_service", "qpy", "runtime_job", "runtime_options"),
    *("runtime_program", "runtime_session", "sampler", "session", "utils", "utils.json"),
    *("utils.converters", "utils.runner_result", "utils.utils", "version"),
]


def run_fresh(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a separate interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def test_bare_import_loads_no_heavy_library_and_at_most_60_modules() -> None:
    answer = run_fresh(
        "import sys\n"
        "before = set(sys.modules)\n"
        "import qiskit_ibm_runtime\n"
        "heavy = {'qiskit', 'requests', 'urllib3', 'numpy', 'websocket', 'logging'}\n"
        "print(sorted(heavy & set(sys.modules)), len(set(sys.modules) - before))"
    )

    heavy, modules = answer.stdout.rsplit(maxsplit=1)
    assert heavy == "[]", answer.stderr
    assert int(modules) <= 60  # about thirty of the standard library, depending on the version


def test_every_public_name_is_importable_and_listed() -> None:
    assert sorted(EXPORTS) == sorted(qiskit_ibm_runtime.__all__)
    assert set(EXPORTS) <= set(dir(qiskit_ibm_runtime))
    for name in EXPORTS:
        assert getattr(qiskit_ibm_runtime, name) is not None


def test_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Smapler"):
        qiskit_ibm_runtime.Smapler  # noqa: B018
    for package in ("api", "api.rest", "options", "program", "utils"):
        module = importlib.import_module(f"qiskit_ibm_runtime.{package}")
        for name in ("smapler", "__main__", "__wrapped__"):
            assert not hasattr(module, name)


def test_submodules_are_attributes_after_bare_import() -> None:
    """
    Look each up in a freshly imported package, because another lookup may have loaded it.
    """
    answer = run_fresh(
        "import importlib, operator, sys\n"
        f"for name in {SUBMODULES!r}:\n"
        "    for old in [m for m in sys.modules if m.startswith('qiskit_ibm_runtime')]:\n"
        "        del sys.modules[old]\n"
        "    package = importlib.import_module('qiskit_ibm_runtime')\n"
        "    assert operator.attrgetter(name)(package).__name__ == 'qiskit_ibm_runtime.' + name\n"
    )

    assert answer.returncode == 0, answer.stderr


def test_public_names_load_no_library_that_can_wait_and_at_most_80_own_modules() -> None:
    answer = run_fresh(
        # Before 0.25, terra's own primitives load opflow.
        "import sys, qiskit.primitives\n"
        "before = set(sys.modules)\n"
        "from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService\n"
        "from qiskit_ibm_runtime import Sampler, Session\n"
        "new = set(sys.modules) - before\n"
        "ours = {n for n in new if n.startswith('qiskit_ibm_runtime')}\n"
        "import qiskit_ibm_runtime.visualization\n"
        "unwanted = ('requests', 'urllib3', 'websocket', 'spnego', 'starlette', 'uvicorn',\n"
        "            'qiskit_aer', 'scipy', 'qiskit.opflow', 'qiskit.algorithms',\n"
        "            'pkg_resources', 'matplotlib', 'tqdm', 'typer', 'rich')\n"
        "loaded = sorted(n for n in set(sys.modules) - before if n.startswith(unwanted))\n"
        "print(loaded, len(ours), len(new - ours))"
    )

    loaded, ours, others = answer.stdout.rsplit(maxsplit=2)
    assert loaded == "[]", answer.stderr
    assert int(ours) <= 80
    assert int(others) <= 10  # of the standard library and of Qiskit


def test_every_module_can_be_imported() -> None:
    """
    In any order, as no imports are circular. What the extra ``cli`` brings may be missing.
    """
    answer = run_fresh(
        "import importlib, traceback\n"
        f"for name in {MODULES!r}:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except Exception as error:\n"
        "        if getattr(error, 'name', None) not in ('typer', 'rich'):\n"
        "            print(name, traceback.format_exc())\n"
    )

    assert answer.stdout == ""
    assert answer.returncode == 0, answer.stderr


def test_version_is_the_distribution_version_without_local_part() -> None:
    distribution = importlib.metadata.version("qiskit-ibm-runtime")

    assert distribution.partition("+")[0] == qiskit_ibm_runtime.__version__ == "0.9.3"


def test_distribution_version_differs_from_the_original_and_satisfies_its_pins() -> None:
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    version = Version(re.findall(r'^version = "(.*)"$', settings, re.MULTILINE)[0])

    assert version.local.startswith("embedded.")
    for requirement in ("==0.9.3", "~=0.9.3", ">=0.9.3", "<=0.9.3", "<0.10", "<0.9.4"):
        assert version in SpecifierSet(requirement), requirement


def test_ships_py_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_import_configures_no_logging_unless_requested() -> None:
    answer = run_fresh(
        "import logging, qiskit_ibm_runtime\n"
        "log = logging.getLogger('qiskit_ibm_runtime')\n"
        "print(logging.getLogger().handlers, log.handlers, log.propagate)"
    )

    assert answer.stdout.strip() == "[] [] True", answer.stderr


def test_log_file_variable_sets_the_log_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "runtime.log"
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_FILE", str(log))
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", "info")

    answer = run_fresh(
        "import logging, qiskit_ibm_runtime\n"
        "log = logging.getLogger('qiskit_ibm_runtime.somewhere')\n"
        "log.info('noted'); log.debug('left out')\n"
        "print(logging.getLogger().handlers, logging.getLogger().level)"
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "[] 30"  # the root logger is as it was
    assert "noted" in log.read_text()
    assert "left out" not in log.read_text()
