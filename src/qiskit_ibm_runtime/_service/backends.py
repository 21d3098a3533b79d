"""Methods of the service for finding backends, and their cache."""

from __future__ import annotations

import threading
import warnings
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime._backends.instances import find_instance, name_today, why_missing
from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.concurrency import failures, reset_in_children, run_concurrently
from qiskit_ibm_runtime.exceptions import IBMBackendApiProtocolError, IBMInputValueError
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.utils.arguments import choices, number, shown
from qiskit_ibm_runtime.utils.backend_decoder import configuration_from_server_data
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qiskit.providers.models import BackendStatus

    from qiskit_ibm_runtime.hub_group_project import HubGroupProject


# Instance (None for cloud channels) and name: one device can be in several projects.
Key = tuple[Optional[str], str]
# A matching backend, and its status if it was fetched.
Match = tuple[IBMBackend, Optional["BackendStatus"]]
# Fields of the status; all others are looked up in the configuration.
STATUS_FIELDS = ("operational", "pending_jobs", "status_msg")
_MISSING = object()


class Backends:
    """Methods for finding backends."""

    _channel: str
    _api_client: Any
    _client_params: Any
    _backends: dict[str, Any]
    _backend_configs: dict[str, Any]
    _catalog: BackendCatalog
    _get_hgp: Callable[..., HubGroupProject]
    _hgps: Mapping[str, HubGroupProject]

    def backends(
        self,
        name: str | None = None,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[IBMBackend], bool] | None = None,
        **kwargs: Any,
    ) -> list[IBMBackend]:
        """Return the matching backends.

        Configurations, and statuses if a keyword or ``filters`` needs them, are fetched
        concurrently and cached. A backend whose data cannot be fetched is skipped with a warning.

        .. code-block:: python

            service = QiskitRuntimeService(channel="local")
            service.backends(simulator=False, operational=True, min_num_qubits=5)
            service.backends(filters=lambda backend: backend.max_shots > 10_000)

        Args:
            name: Name of a backend.
            min_num_qubits: Minimum number of qubits.
            instance: Only backends of this ``hub/group/project``; not for ``ibm_cloud``.
            filters: Function of a backend that returns whether to include it.
            **kwargs: Required values of fields of the configuration or status, such as
                ``simulator=True`` or ``operational=True``. A field that a configuration does not
                have counts as ``None``.

        Returns:
            The backends. Each call returns the same objects.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not supported.
            QiskitBackendNotFoundError: If there is no backend with that ``name`` or ``instance``;
                on ``ibm_cloud``, an unknown name returns an empty list.
        """
        matching = self._matching(name, min_num_qubits, instance, filters, kwargs)
        return [backend for backend, _ in matching]

    def backend(self, name: str | None = None, instance: str | None = None) -> IBMBackend:
        """Return one backend, fetching its configuration on first access.

        Args:
            name: Name of the backend; the first usable one of the account by default.
            instance: ``hub/group/project`` to use; the first one with the backend by default. Not
                for ``ibm_cloud``.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not supported.
            QiskitBackendNotFoundError: If there is no such backend, or its configuration is
                invalid.
        """
        for key in self._candidates(name, instance):
            if name:
                return self._catalog.named(key)
            usable = self._catalog.usable([key])
            if usable:
                return usable[0]
        raise self._unknown(name)

    def get_backend(self, name: str | None = None, **kwargs: Any) -> IBMBackend:
        """Return one backend, like :meth:`backend`.

        Args:
            name: Name of the backend.
            **kwargs: ``instance``.
        """
        return self.backend(name, **kwargs)

    def least_busy(
        self,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[IBMBackend], bool] | None = None,
        **kwargs: Any,
    ) -> IBMBackend:
        """Return the operational backend with the fewest pending jobs.

        The arguments select backends as those of :meth:`backends`.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not supported.
            QiskitBackendNotFoundError: If no matching backend is operational.
        """
        matching = self._matching(None, min_num_qubits, instance, filters, kwargs)
        at_work = [
            (backend, state)
            for backend, state in self._catalog.with_states(matching)
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
        fields: dict[str, Any],
    ) -> list[Match]:
        min_num_qubits = number("min_num_qubits", min_num_qubits)
        if filters is not None and not callable(filters):
            raise IBMInputValueError(
                f"'filters' must be a function of a backend, not {shown(filters)}. Pass values of "
                "fields as keywords, such as simulator=True."
            )
        keys = self._candidates(name, instance)
        find = self._catalog
        backends = [find.named(key) for key in keys] if name else find.listed(keys)
        if min_num_qubits:
            backends = [b for b in backends if b.configuration().n_qubits >= min_num_qubits]
        of_state = {key: value for key, value in fields.items() if key in STATUS_FIELDS}
        wanted = {key: value for key, value in fields.items() if key not in STATUS_FIELDS}
        _warn_of_unknown(wanted, backends)
        matching: list[Match] = [
            (backend, None)
            for backend in backends
            if all(_field(backend, key, None) == value for key, value in wanted.items())
        ]
        if of_state:
            matching = [
                (backend, state)
                for backend, state in find.with_states(matching)
                if all(getattr(state, key) == value for key, value in of_state.items())
            ]
        return [match for match in matching if filters is None or filters(match[0])]

    def _candidates(self, name: str | None, instance: str | None) -> list[Key]:
        if self._channel in CLOUD_CHANNELS:
            if instance:
                raise IBMInputValueError(
                    "The 'instance' keyword is only supported for the ``ibm_quantum`` channel: "
                    f"a service on ``ibm_cloud`` is bound to its own instance, not to {instance!r}."
                )
            name = name_today(self, name)
            return [(None, known) for known in list(self._backends) if not name or known == name]
        if name:
            return [(self._instance_of(name, instance), name)]
        if instance:
            return [(instance, known) for known in self._get_hgp(instance).backends]
        names = list(self._backends)
        return [(find_instance(self._hgps, None, known).name, known) for known in names]

    def _instance_of(self, name: Any, instance: str | None) -> str:
        known = isinstance(name, str) and name in self._backends
        if instance and name in self._get_hgp(instance).backends:
            return instance
        if not known:
            raise self._unknown(name)
        first = self._get_hgp(backend_name=name).name
        if instance:
            raise QiskitBackendNotFoundError(
                f"Backend {name} is not in {instance}: try a different instance, such as {first}."
            )
        return first

    def _unknown(self, name: Any) -> QiskitBackendNotFoundError:
        what = f"backend {name!r} not found" if name else "no usable backend"
        return QiskitBackendNotFoundError(
            f"No backend matches the criteria: {what}. "
            f"The account has {choices(name or '', self._backends)}."
            f"{why_missing(self, name)}"
        )


class BackendCatalog:
    """Backends of a service, which are created on first access and returned as the same objects.

    Each configuration is fetched once, even by several threads. Listings skip a backend without a
    valid configuration, with one warning; requesting it by name fetches the configuration again
    and raises an error if that fails.
    """

    def __init__(self, service: Any) -> None:
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

    def named(self, key: Key) -> IBMBackend:
        """Return a backend by name.

        Raises:
            QiskitBackendNotFoundError: If its configuration is invalid.
            RequestsApiError: If the configuration cannot be fetched.
        """
        error = self._describe([key]).get(key[1])
        if error is None:
            return self._object(key)
        if isinstance(error, RequestsApiError) and error.status_code != 404:
            raise error
        raise QiskitBackendNotFoundError(
            f"No backend matches the criteria: the configuration of {key[1]!r} is invalid. "
            f"{_text(error)}"
        ) from error

    def listed(self, keys: list[Key]) -> list[IBMBackend]:
        """Return the usable backends that were not known to be broken; if none, raise an error."""
        tried = [key for key in keys if key[1] not in self._broken] or keys
        return self.usable(tried, all_may_fail=False)

    def usable(self, keys: list[Key], *, all_may_fail: bool = True) -> list[IBMBackend]:
        """Return the usable backends, with a warning about the others."""
        failed = self._describe(keys)
        usable = [key for key in keys if key[1] not in failed]
        if failed and not usable and not all_may_fail:
            raise next(iter(failed.values()))
        self._warn_of_broken(failed)
        return [self._object(key) for key in usable]

    def with_states(self, matching: list[Match]) -> list[Match]:
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
            run_concurrently(self._configuration, missing, service._client_params.url),
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
        service = self._service
        given: IBMBackend | None = service._backends.get(name)
        if given is not None:  # an overridden _discover_cloud_backends() may return objects
            return given
        with self._lock:
            if key not in self._built:
                configuration = service._backend_configs[name]
                self._built[key] = IBMBackend(configuration, service, service._api_client, instance)
            return self._built[key]

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


def _warn_of_unknown(fields: Iterable[str], backends: list[Any]) -> None:
    unknown = [
        field
        for field in fields
        if all(_field(backend, field, _MISSING) is _MISSING for backend in backends)
    ]
    if backends and unknown:
        warnings.warn(
            f"No backend has the field {', '.join(map(repr, unknown))}, so only None matches. "
            "Valid fields are those of a backend's configuration, and "
            f"{', '.join(map(repr, STATUS_FIELDS))}.",
            stacklevel=caller_stacklevel(),
        )


def _field(backend: Any, name: str, default: Any) -> Any:
    """Return a field of a backend's configuration, or a default if it has no such field."""
    value = default if name.startswith("_") else getattr(backend.configuration(), name, default)
    return default if callable(value) else value  # methods of the configuration are not fields


def _text(error: BaseException) -> str:
    return getattr(error, "message", None) or str(error)
