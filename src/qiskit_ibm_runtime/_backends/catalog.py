"""Catalog of a service's backends, which are created on first access."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.concurrency import failures, reset_in_children, run_concurrently
from qiskit_ibm_runtime.checks import choices, number, shown
from qiskit_ibm_runtime.exceptions import IBMBackendApiProtocolError, IBMInputValueError
from qiskit_ibm_runtime.hub_group_project import find_instance
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.utils.backend_decoder import configuration_from_server_data
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .matching import name_today, why_missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qiskit.providers.models import BackendStatus

    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService


# Instance (None for cloud channels) and name: one device can be in several projects.
Key = tuple[Optional[str], str]
Fields = dict[str, Any]
# A matching backend, and its status if it was fetched.
Match = tuple[IBMBackend, Optional["BackendStatus"]]
# Fields of the status; all others are looked up in the configuration.
STATUS_FIELDS = ("operational", "pending_jobs", "status_msg")
_MISSING = object()


class BackendCatalog:
    """Catalog of backends that returns the same object for each backend.

    Each configuration is fetched once, even by several threads. Listings skip a backend without a
    valid configuration, with one warning; requesting it by name fetches the configuration again
    and raises an error if that fails.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime._backends.catalog import BackendCatalog

        service = QiskitRuntimeService(channel="local")
        BackendCatalog(service).find(min_num_qubits=5, fields={"operational": True})
    """

    def __init__(self, service: QiskitRuntimeService) -> None:
        self._service = service
        self._built: dict[Key, IBMBackend] = {}
        self._broken: set[str] = set()
        self._warned_of: set[str] = set()
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        """Discard requests in progress in the parent process."""
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Any]] = {}

    def backend(self, name: str | None = None, instance: str | None = None) -> IBMBackend:
        """Return one backend; without a name, the first usable one.

        Raises:
            QiskitBackendNotFoundError: If there is no such backend, or its configuration is
                invalid.
        """
        for key in self._candidates(name, instance):
            if name:
                return self._named(key)
            failed = self._describe([key])
            if not failed:
                return self._object(key)
            self._warn_of_broken(failed)
        raise self._unknown(name)

    def find(
        self,
        name: str | None = None,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[Any], bool] | None = None,
        fields: Fields | None = None,
    ) -> list[IBMBackend]:
        """Return the matching backends; see :meth:`QiskitRuntimeService.backends`."""
        matching = self._matching(name, min_num_qubits, instance, filters, fields or {})
        return [backend for backend, _ in matching]

    def least_busy(
        self,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[Any], bool] | None = None,
        fields: Fields | None = None,
    ) -> IBMBackend:
        """Return the operational backend with the fewest pending jobs, the first one on a tie.

        Raises:
            QiskitBackendNotFoundError: If no matching backend is operational.
        """
        matching = self._matching(None, min_num_qubits, instance, filters, fields or {})
        at_work = [
            (backend, state)
            for backend, state in self._with_states(matching)
            if state is not None and state.operational and state.status_msg == "active"
        ]
        if not at_work:
            reason = f": none of the {len(matching)} matching backends is operational and active"
            raise QiskitBackendNotFoundError(
                f"No backend matches the criteria{reason if matching else ''}."
            )
        return min(at_work, key=lambda match: match[1].pending_jobs)[0]

    def _matching(
        self,
        name: str | None,
        min_num_qubits: int | None,
        instance: str | None,
        filters: Callable[[Any], bool] | None,
        fields: Fields,
    ) -> list[Match]:
        min_num_qubits = number("min_num_qubits", min_num_qubits)
        if filters is not None and not callable(filters):
            raise IBMInputValueError(
                f"'filters' must be a function of a backend, not {shown(filters)}. Pass values of "
                "fields as keywords, such as simulator=True."
            )
        keys = self._candidates(name, instance)
        backends = [self._named(key) for key in keys] if name else self._listed(keys)
        if min_num_qubits:
            backends = [b for b in backends if b.configuration().n_qubits >= min_num_qubits]
        _warn_of_unknown(fields, backends)
        matching: list[Match] = [(b, None) for b in backends if fits(b.configuration(), fields)]
        of_state = {key: value for key, value in fields.items() if key in STATUS_FIELDS}
        if of_state:
            matching = [
                (backend, state)
                for backend, state in self._with_states(matching)
                if all(getattr(state, key) == value for key, value in of_state.items())
            ]
        return [match for match in matching if filters is None or filters(match[0])]

    def _candidates(self, name: str | None, instance: str | None) -> list[Key]:
        service = self._service
        if service.channel in CLOUD_CHANNELS:
            if instance:
                raise IBMInputValueError(
                    "The 'instance' keyword is only supported for the ``ibm_quantum`` channel: "
                    f"a service on ``ibm_cloud`` is bound to its own instance, not to {instance!r}."
                )
            name = name_today(service, name)
            return [(None, known) for known in list(service._backends) if not name or known == name]
        if name:
            return [(self._instance_of(name, instance), name)]
        if instance:
            return [(instance, known) for known in service._get_hgp(instance).backends]
        hgps = service._hgps
        return [(find_instance(hgps, None, known).name, known) for known in list(service._backends)]

    def _instance_of(self, name: Any, instance: str | None) -> str:
        known = isinstance(name, str) and name in self._service._backends
        if instance and name in self._service._get_hgp(instance).backends:
            return instance
        if not known:
            raise self._unknown(name)
        first = self._service._get_hgp(backend_name=name).name
        if instance:
            raise QiskitBackendNotFoundError(
                f"Backend {name} is not in {instance}: try a different instance, such as {first}."
            )
        return first

    def _unknown(self, name: Any) -> QiskitBackendNotFoundError:
        what = f"backend {name!r} not found" if name else "no usable backend"
        return QiskitBackendNotFoundError(
            f"No backend matches the criteria: {what}. "
            f"The account has {choices(name or '', self._service._backends)}."
            f"{why_missing(self._service, name)}"
        )

    def _named(self, key: Key) -> IBMBackend:
        """Return a backend by name, raising an error if its configuration is invalid."""
        error = self._describe([key]).get(key[1])
        if error is None:
            return self._object(key)
        if isinstance(error, RequestsApiError) and error.status_code != 404:
            raise error
        raise QiskitBackendNotFoundError(
            f"No backend matches the criteria: the configuration of {key[1]!r} is invalid. "
            f"{_text(error)}"
        ) from error

    def _listed(self, keys: list[Key]) -> list[Any]:
        """Return the usable backends; raise an error if there are none."""
        tried = [key for key in keys if key[1] not in self._broken] or keys
        failed = self._describe(tried)
        usable = [key for key in tried if key[1] not in failed]
        if failed and not usable:
            raise next(iter(failed.values()))
        self._warn_of_broken(failed)
        return [self._object(key) for key in usable]

    def _describe(self, keys: Iterable[Key]) -> dict[str, BaseException]:
        """Fetch missing configurations concurrently, and return the errors by name."""
        service = self._service
        missing = dict.fromkeys(
            name
            for _, name in keys
            if name not in service._backend_configs and service._backends.get(name) is None
        )
        failed = failures(
            missing,
            run_concurrently(self._configuration, missing, self._service._client_params.url),
        )
        with self._lock:
            self._broken = (self._broken - set(missing)) | set(failed)
        return failed

    def _configuration(self, name: str) -> Any:
        while True:
            with self._lock:
                future = self._under_way.get(name)
                mine = future is None
                if future is None:
                    future = self._under_way[name] = Future()
            if mine:
                self._settle(name, future)
            with suppress(CancelledError):  # the fetching thread was interrupted: try again
                return future.result()

    def _settle(self, name: str, future: Future[Any]) -> None:
        try:
            self._service._backend_configs[name] = self._fetch(name)
            future.set_result(None)
        except Exception as exc:  # noqa: BLE001  # raised in all waiting threads
            future.set_exception(exc)
        finally:
            with self._lock:
                self._under_way.pop(name, None)
            future.cancel()  # only has an effect after an interrupt of this thread

    def _fetch(self, name: str) -> Any:
        if name in self._service._backend_configs:  # fetched by another thread in the meantime
            return self._service._backend_configs[name]
        raw = self._service._api_client.backend_configuration(name)
        configuration = configuration_from_server_data(raw)
        if configuration is None:
            raise IBMBackendApiProtocolError(
                f"The service returned a malformed configuration of backend {name!r}."
            )
        return configuration

    def _object(self, key: Key) -> IBMBackend:
        instance, name = key
        given: IBMBackend | None = self._service._backends.get(name)
        if given is not None:  # an overridden _discover_cloud_backends() may return objects
            return given
        with self._lock:
            if key not in self._built:
                self._built[key] = IBMBackend(
                    self._service._backend_configs[name],
                    self._service,
                    self._service._api_client,
                    instance,
                )
            return self._built[key]

    def _with_states(self, matching: list[Match]) -> list[Match]:
        """Return the matches with their statuses, fetching missing ones concurrently."""
        if all(state is not None for _, state in matching):
            return matching
        backends = [backend for backend, _ in matching]
        states = run_concurrently(
            lambda backend: backend.status(), backends, self._service._client_params.url
        )
        failed = failures((backend.name for backend in backends), states)
        if len(failed) == len(backends):
            raise next(iter(failed.values()))
        self._warn_of_broken(failed)
        return [
            (backend, state.result())
            for backend, state in zip(backends, states)
            if backend.name not in failed
        ]

    def _warn_of_broken(self, failed: dict[str, BaseException]) -> None:
        with self._lock:
            news = {name: error for name, error in failed.items() if name not in self._warned_of}
            self._warned_of |= set(news)
        if news:
            reasons = "; ".join(f"{name}: {_text(error)}" for name, error in news.items())
            warnings.warn(
                f"Skipped backends whose data could not be fetched: {reasons}. The others are not "
                "affected. Use service.backend(name) to retry one.",
                stacklevel=caller_stacklevel(),
            )


def _warn_of_unknown(fields: Fields, backends: list[Any]) -> None:
    unknown = unknown_fields(fields, [backend.configuration() for backend in backends])
    if backends and unknown:
        warnings.warn(
            f"No backend has the field {', '.join(map(repr, unknown))}, so only None matches. "
            "Valid fields are those of a backend's configuration, and "
            f"{', '.join(map(repr, STATUS_FIELDS))}.",
            stacklevel=caller_stacklevel(),
        )


def _text(error: BaseException) -> str:
    return getattr(error, "message", None) or str(error)


def value_of(configuration: Any, field: str) -> Any:
    """Return the value of a field of a configuration; ``None`` if it has no such field."""
    value = _look_up(configuration, field)
    return None if value is _MISSING else value


def unknown_fields(fields: Iterable[str], configurations: Iterable[Any]) -> list[str]:
    """Return the keywords that are fields of neither a status nor any of the configurations."""
    known = list(configurations)
    return [
        field
        for field in fields
        if field not in STATUS_FIELDS
        and all(_look_up(configuration, field) is _MISSING for configuration in known)
    ]


def fits(configuration: Any, wanted: Mapping[str, Any]) -> bool:
    """Return whether the fields of a configuration have the given values."""
    return all(
        value_of(configuration, field) == value
        for field, value in wanted.items()
        if field not in STATUS_FIELDS
    )


def _look_up(configuration: Any, field: str) -> Any:
    value = _MISSING if field.startswith("_") else getattr(configuration, field, _MISSING)
    # Methods of the configuration class are not fields.
    return _MISSING if callable(value) else value
