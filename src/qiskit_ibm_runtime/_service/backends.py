"""The backends of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from qiskit_ibm_runtime._backends.catalog import BackendCatalog
    from qiskit_ibm_runtime.ibm_backend import IBMBackend


class Backends:
    """Find backends."""

    _catalogue: BackendCatalog

    def backends(
        self,
        name: str | None = None,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[IBMBackend], bool] | None = None,
        **kwargs: Any,
    ) -> list[IBMBackend]:
        """Find the backends that fit.

        What must be fetched is fetched side by side, and only once: a configuration for each
        backend, and a status for each if a keyword or ``filters`` asks for it. A backend whose data
        cannot be had is left out, with a warning.

        .. code-block:: python

            service = QiskitRuntimeService(channel="local")
            service.backends(simulator=False, operational=True, min_num_qubits=5)
            service.backends(filters=lambda backend: backend.max_shots > 10_000)

        Args:
            name: The one backend of this name.
            min_num_qubits: Only backends with at least so many qubits.
            instance: Only backends of this ``hub/group/project``; not on ``ibm_cloud``.
            filters: Only backends for which this is true.
            **kwargs: Values that fields of the configuration or of the status must have, such as
                ``simulator=True`` or ``operational=True``. A field that a configuration lacks
                counts as ``None``.

        Returns:
            The backends, each always as the same object.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not possible.
            QiskitBackendNotFoundError: If ``name`` or ``instance`` has no such backend; on
                ``ibm_cloud`` an unknown name gives an empty list.
        """
        return self._catalogue.find(name, min_num_qubits, instance, filters, kwargs)

    def backend(self, name: str | None = None, instance: str | None = None) -> IBMBackend:
        """Find one backend; at the first look this takes one request.

        Args:
            name: Name of the backend; without one the first of the account is meant.
            instance: ``hub/group/project`` through which to reach it; by default the first that
                has it. Not on ``ibm_cloud``.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not possible.
            QiskitBackendNotFoundError: If there is no such backend.
        """
        return self._catalogue.backend(name, instance)

    def get_backend(self, name: str | None = None, **kwargs: Any) -> IBMBackend:
        """Find one backend, as :meth:`backend` does.

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
        """Find the backend at work on which the fewest jobs wait.

        Args:
            min_num_qubits: As for :meth:`backends`.
            instance: As for :meth:`backends`.
            filters: As for :meth:`backends`.
            **kwargs: As for :meth:`backends`.

        Raises:
            IBMInputValueError: If ``instance`` is malformed, unknown, or not possible.
            QiskitBackendNotFoundError: If no backend that fits is at work.
        """
        return self._catalogue.least_busy(min_num_qubits, instance, filters, kwargs)
