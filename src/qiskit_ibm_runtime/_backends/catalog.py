"""The backends of a service: named at its start, made when somebody looks at them."""

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


# The instance (none on the cloud) and the name of a backend: one device can be in many projects.
Key = tuple[Optional[str], str]
Fields = dict[str, Any]
# A backend that fits, and its state where it had to be asked for.
Match = tuple[IBMBackend, Optional["BackendStatus"]]
# What only a status tells; everything else is looked up in configurations.
STATUS_FIELDS = ("operational", "pending_jobs", "status_msg")
_NOWHERE = object()


class BackendCatalog:
    """Finds backends, and keeps each as one object for as long as the service lives.

    A configuration is asked for once, whatever the number of threads that want it. A backend
    without a usable one is left out of listings, with one warning; asked for by name, it is tried
    again and the error tells what is wrong.

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
        """Forget what threads of another process are fetching."""
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Any]] = {}

    def backend(self, name: str | None = None, instance: str | None = None) -> IBMBackend:
        """One backend; without a name the first that is usable.

        Raises:
            QiskitBackendNotFoundError: If there is no such backend, or its configuration is of no
                use.
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
        """All backends that fit, as :meth:`QiskitRuntimeService.backends` describes it."""
        matching = self._matching(name, min_num_qubits, instance, filters, fields or {})
        return [backend for backend, _ in matching]

    def least_busy(
        self,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[Any], bool] | None = None,
        fields: Fields | None = None,
    ) -> IBMBackend:
        """The backend at work with the fewest jobs waiting, the first of them on a tie.

        Raises:
            QiskitBackendNotFoundError: If no backend that fits is at work.
        """
        matching = self._matching(None, min_num_qubits, instance, filters, fields or {})
        at_work = [
            (backend, state)
            for backend, state in self._with_states(matching)
            if state is not None and state.operational and state.status_msg == "active"
        ]
        if not at_work:
            fitting = f"none of the {len(matching)} that fit is operational and active"
            raise QiskitBackendNotFoundError(
                f"No backend matches the criteria: {fitting if matching else 'none fits'}."
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
                f"'filters' must be a function of a backend, not {shown(filters)}. Values of "
                "fields are given as keywords, such as simulator=True."
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
        what = f"{name} is not known" if name else "none can be used"
        return QiskitBackendNotFoundError(
            f"No backend matches the criteria: {what}. "
            f"The account has {choices(name or '', self._service._backends)}."
            f"{why_missing(self._service, name)}"
        )

    def _named(self, key: Key) -> IBMBackend:
        """The backend that was asked for by name: what is wrong with it is an error."""
        error = self._describe([key]).get(key[1])
        if error is None:
            return self._object(key)
        if isinstance(error, RequestsApiError) and error.status_code != 404:
            raise error
        raise QiskitBackendNotFoundError(
            f"No backend matches the criteria: {key[1]} is listed, but its configuration is of "
            f"no use. {_text(error)}"
        ) from error

    def _listed(self, keys: list[Key]) -> list[Any]:
        """The backends of a listing: the broken ones are left out, unless all are."""
        tried = [key for key in keys if key[1] not in self._broken] or keys
        failed = self._describe(tried)
        usable = [key for key in tried if key[1] not in failed]
        if failed and not usable:
            raise next(iter(failed.values()))
        self._warn_of_broken(failed)
        return [self._object(key) for key in usable]

    def _describe(self, keys: Iterable[Key]) -> dict[str, BaseException]:
        """Fetch the configurations that are missing, side by side; returns what went wrong."""
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
            with suppress(CancelledError):  # the thread that fetched it was interrupted
                return future.result()

    def _settle(self, name: str, future: Future[Any]) -> None:
        try:
            self._service._backend_configs[name] = self._fetch(name)
            future.set_result(None)
        except Exception as exc:  # noqa: BLE001  # anyone who waits for it gets it
            future.set_exception(exc)
        finally:
            with self._lock:
                self._under_way.pop(name, None)
            future.cancel()  # nothing if it is settled; an interrupt concerns this thread alone

    def _fetch(self, name: str) -> Any:
        if name in self._service._backend_configs:  # another thread was done in the meantime
            return self._service._backend_configs[name]
        raw = self._service._api_client.backend_configuration(name)
        configuration = configuration_from_server_data(raw)
        if configuration is None:
            raise IBMBackendApiProtocolError(
                f"The service describes backend {name} in an unknown form."
            )
        return configuration

    def _object(self, key: Key) -> IBMBackend:
        instance, name = key
        given: IBMBackend | None = self._service._backends.get(name)
        if given is not None:  # an overriding _discover_cloud_backends() may bring its own objects
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
        """The same with their states; those not known yet are asked for once, side by side."""
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
                f"Left out, because their data cannot be had: {reasons}. The others are not "
                "affected. Ask for a backend by its name to try it again.",
                stacklevel=caller_stacklevel(),
            )


def _warn_of_unknown(fields: Fields, backends: list[Any]) -> None:
    unknown = unknown_fields(fields, [backend.configuration() for backend in backends])
    if backends and unknown:
        warnings.warn(
            f"No backend has {', '.join(map(repr, unknown))}, so only None matches. The fields are "
            f"those of a backend's configuration, and {', '.join(map(repr, STATUS_FIELDS))}.",
            stacklevel=caller_stacklevel(),
        )


def _text(error: BaseException) -> str:
    return getattr(error, "message", None) or str(error)


def value_of(configuration: Any, field: str) -> Any:
    """Value of a field of a configuration; ``None`` if it has no such field."""
    value = _look_up(configuration, field)
    return None if value is _NOWHERE else value


def unknown_fields(fields: Iterable[str], configurations: Iterable[Any]) -> list[str]:
    """Keywords that neither a status nor any of the configurations can answer."""
    known = list(configurations)
    return [
        field
        for field in fields
        if field not in STATUS_FIELDS
        and all(_look_up(configuration, field) is _NOWHERE for configuration in known)
    ]


def fits(configuration: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether the fields have the values wanted, as far as a configuration can tell."""
    return all(
        value_of(configuration, field) == value
        for field, value in wanted.items()
        if field not in STATUS_FIELDS
    )


def _look_up(configuration: Any, field: str) -> Any:
    value = _NOWHERE if field.startswith("_") else getattr(configuration, field, _NOWHERE)
    # A method of the configuration class is no field of the device.
    return _NOWHERE if callable(value) else value
