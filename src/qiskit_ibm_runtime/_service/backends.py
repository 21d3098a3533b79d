"""Methods of the service for finding backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from qiskit_ibm_runtime._backends.catalog import BackendCatalog
    from qiskit_ibm_runtime.ibm_backend import IBMBackend


class Backends:
    """Methods for finding backends."""

    _catalogue: BackendCatalog

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
        return self._catalogue.find(name, min_num_qubits, instance, filters, kwargs)

    def backend(self, name: str | None = None, instance: str | None = None) -> IBMBackend:
        """Return one backend, fetching its configuration on first access.

        Args:
            name: Name of the backend; the first one of the account by default.
            instance: ``hub/group/project`` to use; the first one with the backend by default. Not
                for ``ibm_cloud``.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not supported.
            QiskitBackendNotFoundError: If there is no such backend.
        """
        return self._catalogue.backend(name, instance)

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
        """Return the matching operational backend with the fewest pending jobs.

        Args:
            min_num_qubits: As for :meth:`backends`.
            instance: As for :meth:`backends`.
            filters: As for :meth:`backends`.
            **kwargs: As for :meth:`backends`.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not supported.
            QiskitBackendNotFoundError: If no matching backend is operational.
        """
        return self._catalogue.least_busy(min_num_qubits, instance, filters, kwargs)
