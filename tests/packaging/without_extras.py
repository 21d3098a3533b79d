"""Use the client where the package was installed without extras: ``python THIS [SURFACE]``.

Every module and public name is imported: those of a surface file, if given, and all of the
package but what an extra installs. Every exported class and function is then used, against a
service on a loopback socket, up to the request that it makes.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Modules that need the extras `local` and `cli`.
OF_EXTRAS = tuple(f"qiskit_ibm_runtime.{name}" for name in ("cli", "local", "testing"))
SOURCE = "def main(backend, user_messenger, **kwargs):\n    return 1\n"


def names_of_surface(file: str) -> dict[str, list[str]]:
    """Return the public names of each module."""
    modules = json.loads(Path(file).read_text(encoding="utf-8"))["modules"]
    kinds = ("classes", "functions", "constants", "reexports")
    return {
        module: [name for kind in kinds for name in entry.get(kind, {})]
        for module, entry in modules.items()
    }


def names_of_package() -> dict[str, list[str]]:
    """Return the modules that need no extra."""
    import qiskit_ibm_runtime

    found = pkgutil.walk_packages(qiskit_ibm_runtime.__path__, "qiskit_ibm_runtime.")
    return {module.name: [] for module in found if not module.name.startswith(OF_EXTRAS)}


def import_all(names: dict[str, list[str]]) -> int:
    """Import each name, and return their number."""
    for module, members in names.items():
        imported = importlib.import_module(module)
        for member in members:
            getattr(imported, member)
    return sum(map(len, names.values())) + len(names)


def uses(standin: Any) -> dict[str, Callable[[], Any]]:
    """Return a call that uses each exported name."""
    import numpy as np
    from qiskit import QuantumCircuit

    import qiskit_ibm_runtime as package

    service = standin.service()
    backend = service.backend("ibmq_there")
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    measured = bell.copy()
    measured.measure_all()
    kept = Path(tempfile.mkdtemp()) / "accounts.json"

    def account() -> Any:
        package.QiskitRuntimeService.save_account(
            channel="ibm_quantum", token="t", url=f"{standin.url}/api", filename=str(kept)
        )
        return package.QiskitRuntimeService(filename=str(kept))

    def program() -> Any:
        program_id = service.upload_program(SOURCE, {"name": "mine", "max_execution_time": 60})
        found = service.program(program_id)
        found.parameters().validate()
        return service.run(program_id, {}, {"backend": "ibmq_there"}).job_id()

    def session() -> Any:
        with package.Session(service=service, backend=backend) as opened:
            return opened.run("sampler", {}).job_id()

    def local() -> Any:
        try:
            package.QiskitRuntimeService(channel="local")
        except package.IBMRuntimeError as error:
            return "[local]" in str(error) or sys.exit(f"no word on the extra: {error}")
        return sys.exit("The embedded runtime started without its extra.")

    def encode() -> Any:
        values = {"circuit": measured, "number": 1j, "array": np.eye(2)}
        text = json.dumps(values, cls=package.RuntimeEncoder)
        return json.loads(text, cls=package.RuntimeDecoder)

    def ended() -> Any:
        standin.add_jobs(1)
        return [service.job(standin.jobs[-1]["id"])]

    def log() -> Any:
        package.logger.info("used")
        return package.setup_logger(package.logger)

    options = package.Options(resilience_level=0, execution={"shots": 7})
    used: dict[str, Callable[[], Any]] = {
        "Estimator": lambda: package.Estimator(session=backend).run(bell, "ZZ").job_id(),
        "Sampler": lambda: package.Sampler(session=backend, options=options).run(measured).job_id(),
        "IBMBackend": lambda: (backend.status, backend.coupling_map, backend.num_qubits),
        "JobListing": lambda: list(package.JobListing(service, limit=1)),
        "Options": lambda: options,
        "ParameterNamespace": program,
        "QiskitRuntimeService": lambda: (account(), local(), service.jobs(), service.programs()),
        "RuntimeDecoder": encode,
        "RuntimeEncoder": encode,
        "RuntimeJob": lambda: service.jobs(limit=1)[0].inputs,
        "RuntimeOptions": lambda: package.RuntimeOptions("ibmq_there").validate("ibm_quantum"),
        "RuntimeProgram": program,
        "Session": session,
        "__version__": lambda: package.__version__ == "0.9.3" or sys.exit("another version"),
        "as_completed": lambda: next(package.as_completed(ended(), timeout=30)),
        "logger": log,
        "setup_logger": log,
        "total_usage": lambda: package.total_usage(ended()).seconds,
    }
    for name in package.__all__:
        value = getattr(package, name)
        if isinstance(value, type) and issubclass(value, Exception):
            used[name] = partial(str, value("what happened"))
        elif isinstance(value, str):
            used.setdefault(name, partial(os.environ.get, value))
    missing = sorted(set(package.__all__) - set(used))
    return used if not missing else sys.exit(f"Nothing uses {', '.join(missing)}.")


def main() -> None:
    """Import and use everything; any error propagates."""
    import qiskit_ibm_runtime

    if ROOT in Path(qiskit_ibm_runtime.__file__).parents and "site-packages" not in (
        qiskit_ibm_runtime.__file__
    ):
        sys.exit("This is the checkout, not what was installed.")
    count = import_all(names_of_package())
    if len(sys.argv) > 1:
        count += import_all(names_of_surface(sys.argv[1]))
    sys.path.append(str(ROOT))
    from tests.standin import StandIn

    with StandIn() as standin:
        used = uses(standin)
        for use in used.values():
            use()
        requests = len(standin.requests)
    from qiskit_ibm_runtime.api.http.client_header import client_application

    if "qiskit_ibm_runtime-0.9.3+embedded." not in client_application():
        sys.exit(f"The client header does not tell whose release this is: {client_application()}")
    extras = [name for name in ("qiskit_aer", "starlette") if name in sys.modules]
    if extras:
        sys.exit(f"{extras[0]} came with it: this environment has extras.")
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"Python {version}: {count} names imported, {len(used)} used, {requests} requests made")


if __name__ == "__main__":
    main()
