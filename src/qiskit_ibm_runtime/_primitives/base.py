"""Private base class of Sampler and Estimator.

It precedes terra's base class in the MRO and replaces everything that differs between terra 0.23
and 0.46: constructor arguments, ``run`` and its checks, calls and options. Terra's constructor gets
no arguments, and its ``run`` is never called. As in terra, ``run`` calls ``_run`` and a deprecated
call invokes ``_call``, which subclasses may override.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable

from qiskit.providers.options import Options as TerraOptions

from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.options import completed
from qiskit_ibm_runtime.options.utils import set_default_error_levels
from qiskit_ibm_runtime.session import Session, get_default_session
from qiskit_ibm_runtime.utils.deprecation import (
    caller_stacklevel,
    deprecate_arguments,
    issue_deprecation_msg,
)

from .option_readers import SKIP_CHECKS

if TYPE_CHECKING:
    from typing_extensions import Self

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob


class RuntimePrimitive:
    """Options, session and submission of a primitive."""

    _PROGRAM_ID: str
    _session: Session

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Create the object without terra 0.23's ``__new__``, which requires other arguments."""
        return super().__new__(cls)

    def _set_up(
        self,
        service: QiskitRuntimeService | None,
        session: Session | str | IBMBackend | None,
        options: dict[str, Any] | Options | None,
        skip_transpilation: bool,
    ) -> None:
        if skip_transpilation:
            deprecate_arguments(
                "skip_transpilation",
                "0.7",
                "Instead, use the skip_transpilation keyword argument in transpilation options.",
                stacklevel=3,
            )
        if service:
            deprecate_arguments(
                "service", "0.7", "Please use the session parameter instead.", stacklevel=3
            )
        backend = None
        given = options.__dict__ if isinstance(options, TerraOptions) else options
        if isinstance(given, dict):
            given = dict(given)
            backend = given.pop("backend", None)
        if backend is not None:
            issue_deprecation_msg(
                "The 'backend' key has been moved to the 'session' parameter",
                "0.7",
                "Please use the 'session' parameter instead.",
                stacklevel=3,
            )
        self._runtime_options = TerraOptions(**_start_options(given, skip_transpilation))
        self._session = _session_of(service, session, backend)
        self._backends: dict[str, IBMBackend] = {}

    @property
    def _options(self) -> dict[str, Any]:
        """Options as a nested dict that shares the sections of :attr:`options`."""
        return dict(self._runtime_options.__dict__)

    @property
    def options(self) -> TerraOptions:
        """Options of this primitive; changes apply from the next run."""
        return self._runtime_options

    def set_options(self, **fields: Any) -> None:
        """Change options.

        Args:
            **fields: Names at any level (``shots=100``), or sections
                (``execution={"shots": 100}``).
        """
        for name, value in Options._merge_options(completed(self._options), fields).items():
            setattr(self._runtime_options, name, value)

    @property
    def session(self) -> Session:
        """Session that the jobs of this primitive run in."""
        return self._session

    def close(self) -> None:
        """Close the session; deprecated in favor of :meth:`Session.close`."""
        issue_deprecation_msg(
            "The close method of primitives is deprecated",
            "0.7",
            "Use the close method of the session.",
            caller_stacklevel(),
        )
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _submit(
        self, inputs: dict[str, Any], overrides: dict[str, Any], *, wait: bool
    ) -> RuntimeJob:
        from qiskit_ibm_runtime.constants import DEFAULT_DECODERS  # loads every codec

        # An argument of run(), not an option.
        dry = {"dry_run": True} if overrides.pop("dry_run", None) else {}
        held = self._options
        backend = self._backend()
        options = set_default_error_levels(
            Options._merge_options(completed(held), overrides),
            backend,
            Options._DEFAULT_OPTIMIZATION_LEVEL,
            Options._DEFAULT_RESILIENCE_LEVEL,
        )
        if not os.environ.get(SKIP_CHECKS):
            self._validate_options(options)
        if backend is not None and options["transpilation"].get("skip_transpilation"):
            # A call by index may not use all circuits of the constructor.
            circuits = [inputs["circuits"][index] for index in inputs["circuit_indices"]]
            for circuit in {id(each): each for each in circuits}.values():
                backend.check_faulty(circuit)
        run: Callable[..., RuntimeJob] = self._session.run
        return run(
            program_id=self._PROGRAM_ID,
            inputs=Options._get_program_inputs(options, inputs),
            options=Options._get_runtime_options(options),
            callback=None if wait else options["environment"].get("callback"),
            result_decoder=DEFAULT_DECODERS[self._PROGRAM_ID],
            **dry,
        )

    def _backend(self) -> IBMBackend | None:
        name = self._session.backend()
        if not name:
            return None
        if name not in self._backends:
            instance = getattr(self._session, "_instance", None)
            where = {"instance": instance} if instance else {}
            service: Any = self._session.service
            self._backends[name] = service.backend(name, **where)
        return self._backends[name]

    def _validate_options(self, options: dict[str, Any]) -> None:
        raise NotImplementedError


def _start_options(given: Any, skip_transpilation: bool) -> dict[str, Any]:
    if isinstance(given, Options):
        return Options._merge_options(to_dict(given))
    if given is not None and not isinstance(given, dict):
        raise TypeError(f"'options' must be Options or a dict, not {type(given).__name__}.")
    defaults = Options(transpilation={"skip_transpilation": bool(skip_transpilation)})
    return Options._merge_options(to_dict(defaults), given)


def _session_of(service: Any, session: Any, backend: Any) -> Session:
    if isinstance(session, Session):
        return session
    if session is not None and not isinstance(session, (str, IBMBackend)):
        raise TypeError(
            "'session' must be a Session, a backend or the name of a backend, "
            f"not {type(session).__name__}."
        )
    return get_default_session(service, session or backend)
