"""Copying and pickling of jobs."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .waiting import EarlyDownload

if TYPE_CHECKING:
    from typing_extensions import Self

# These contain a token; an unpickled job gets them when one of them is first used.
CONNECTION = ("_service", "_api_client", "_client_params")
# These contain connections, sockets or threads.
NOT_PICKLED = {*CONNECTION, "_backend", "_stream", "_stream_client", "_early"}


class PortableJob:
    """Copying and pickling of jobs.

    Copies share the service. Pickles contain no token: an unpickled job reconnects to its service
    on first access, as the service itself does.
    """

    job_id: Callable[[], str]

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._reset_streams()
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = memo[id(self)] = self.__copy__()
        for name in ("_params", "_encoded_params", "_tags", "_results"):
            setattr(twin, name, copy.deepcopy(getattr(self, name), memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key not in NOT_PICKLED}
        return {**state, "_pickled_service": self._service_without_secrets()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._backend: Any = None
        self._reset_streams()

    def _reset_streams(self) -> None:
        self._stream: Any = None
        self._stream_client: Any = None
        self._early = EarlyDownload()

    def _service_without_secrets(self) -> bytes | None:
        """Pickle the service if it excludes its token; return ``None`` for other services."""
        if "_service" not in self.__dict__:
            pickled: bytes | None = self.__dict__["_pickled_service"]
            return pickled
        service = self.__dict__["_service"]
        says_how = any("__reduce__" in vars(kind) for kind in type(service).__mro__[:-1])
        return pickle.dumps(service) if says_how else None

    if not TYPE_CHECKING:  # type checkers would accept any attribute

        def __getattr__(self, name: str) -> Any:
            """Reconnect an unpickled job to its service.

            Raises:
                IBMRuntimeError: If the service could not be pickled.
            """
            if name not in CONNECTION or "_pickled_service" not in self.__dict__:
                # Raise the error again, as it may be that of something used by a property.
                return object.__getattribute__(self, name)
            pickled = self.__dict__["_pickled_service"]
            if pickled is None:
                raise IBMRuntimeError(
                    f"Job {self.job_id()} was pickled without its service, so only data fetched "
                    f"before is available. Use service.job({self.job_id()!r}) to retrieve the job "
                    "again."
                )
            service = pickle.loads(pickled)  # noqa: S301  # part of the job's own pickle
            self._service, self._api_client = service, service._api_client
            self._client_params = service._client_params
            return self.__dict__[name]
