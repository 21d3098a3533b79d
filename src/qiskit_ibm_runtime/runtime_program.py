"""Metadata of programs, and namespaces for their inputs."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .api.exceptions import NO_SUCH_PROGRAM, translate_errors
from .exceptions import IBMInputValueError, IBMNotAuthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .api.clients import RuntimeClient


class RuntimeProgram:
    """Metadata of a program of the service.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        program = service.program("hello-world")
        inputs = program.parameters()
        inputs.iterations = 2
        job = service.run("hello-world", inputs, options={"backend": "ibmq_qasm_simulator"})
    """

    def __init__(
        self,
        program_name: str,
        program_id: str,
        description: str,
        parameters: dict[str, Any] | None = None,
        return_values: dict[str, Any] | None = None,
        interim_results: dict[str, Any] | None = None,
        max_execution_time: int = 0,
        backend_requirements: dict[str, Any] | None = None,
        creation_date: str = "",
        update_date: str = "",
        is_public: bool | None = False,
        data: str = "",
        api_client: RuntimeClient | None = None,
    ) -> None:
        """Create the metadata; users get programs from :meth:`QiskitRuntimeService.program`.

        The arguments are the properties of the program. ``parameters`` is the JSON schema of the
        inputs, and ``api_client`` fetches the source code on first use if ``data`` is empty.
        """
        self._name = program_name
        self._id = program_id
        self._description = description
        self._parameters = parameters or {}
        self._return_values = return_values or {}
        self._interim_results = interim_results or {}
        self._max_execution_time = max_execution_time
        self._backend_requirements = backend_requirements or {}
        self._creation_date = creation_date
        self._update_date = update_date
        self._is_public = is_public
        self._data = data
        self._api_client = api_client

    @classmethod
    def from_record(cls, record: dict[str, Any], api_client: Any) -> RuntimeProgram:
        """Create the program from a record of the service.

        Args:
            record: The record, with at least ``id`` and ``name``.
            api_client: Client that fetches the source code.
        """
        spec = record.get("spec") or {}
        return cls(
            program_name=record["name"],
            program_id=record["id"],
            description=record.get("description") or "",
            parameters=spec.get("parameters"),
            return_values=spec.get("return_values"),
            interim_results=spec.get("interim_results"),
            max_execution_time=record.get("cost") or 0,
            backend_requirements=spec.get("backend_requirements"),
            creation_date=record.get("creation_date") or "",
            update_date=record.get("update_date") or "",
            is_public=record.get("is_public") or False,
            data=record.get("data") or "",
            api_client=api_client,
        )

    def parameters(self) -> ParameterNamespace:
        """Return a new namespace for the inputs; fill it in and pass it to ``service.run()``."""
        return ParameterNamespace(self._parameters)

    def to_dict(self) -> dict[str, Any]:
        """Return the metadata as a dict; ``parameters`` is a new namespace for the inputs."""
        return {
            "program_id": self.program_id,
            "name": self.name,
            "description": self.description,
            "max_execution_time": self.max_execution_time,
            "backend_requirements": self.backend_requirements,
            "parameters": self.parameters(),
            "return_values": self.return_values,
            "interim_results": self.interim_results,
            "is_public": self.is_public,
        }

    @property
    def program_id(self) -> str:
        """ID of the program."""
        return self._id

    @property
    def name(self) -> str:
        """Name of the program."""
        return self._name

    @property
    def description(self) -> str:
        """Description of the program."""
        return self._description

    @property
    def return_values(self) -> dict[str, Any]:
        """JSON schema of the result."""
        return self._return_values

    @property
    def interim_results(self) -> dict[str, Any]:
        """JSON schema of the interim results."""
        return self._interim_results

    @property
    def max_execution_time(self) -> int:
        """Seconds after which the service stops the program."""
        return self._max_execution_time

    @property
    def backend_requirements(self) -> dict[str, Any]:
        """Requirements for backends that run the program."""
        return self._backend_requirements

    @property
    def creation_date(self) -> str:
        """Upload date of the program, as the service formats it."""
        return self._creation_date

    @property
    def update_date(self) -> str:
        """Date of the last update, as the service formats it."""
        return self._update_date

    @property
    def is_public(self) -> bool | None:
        """Whether all users may run the program."""
        return self._is_public

    @property
    def data(self) -> str:
        """Source code of the program, fetched on first use.

        Raises:
            IBMNotAuthorizedError: If the service does not show the source code to this account.
            RuntimeProgramNotFound: If the program no longer exists.
            IBMRuntimeError: If the request fails.
        """
        if not self._data:
            self._data = self._fetch().get("data", "")
        if not self._data:
            raise IBMNotAuthorizedError(
                f"Only program authors may see the source of a program; the service does not "
                f"show that of {self._id!r} to this account."
            )
        return self._data

    def _fetch(self) -> dict[str, Any]:
        if self._api_client is None:
            return {}
        with translate_errors(f"Failed to get program {self._id!r}", NO_SUCH_PROGRAM):
            response: dict[str, Any] = self._api_client.program_get(self._id)
        return response

    def __repr__(self) -> str:
        return f"<RuntimeProgram('{self._id}')>"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self._id}:"
        yield f"  Name: {self._name}"
        yield f"  Description: {self._description}"
        yield f"  Creation date: {self._creation_date}"
        yield f"  Update date: {self._update_date}"
        yield f"  Max execution time: {self._max_execution_time}"
        yield "  Backend requirements:"
        yield from _requirement_lines(self._backend_requirements)
        yield "  Input parameters:"
        yield from _schema_lines(self._parameters)
        yield "  Interim results:"
        yield from _schema_lines(self._interim_results)
        yield "  Returns:"
        yield from _schema_lines(self._return_values)


class ParameterNamespace(SimpleNamespace):
    """Namespace with one attribute per input of a program, ``None`` until it is set.

    .. code-block:: python

        from qiskit_ibm_runtime import ParameterNamespace

        inputs = ParameterNamespace(
            {"properties": {"shots": {"type": "integer"}}, "required": ["shots"]}
        )
        inputs.shots = 100
        inputs.validate()
        assert inputs.values() == {"shots": 100}
    """

    # A slot keeps the schema out of ``vars()``, which contains only the inputs.
    __slots__ = ("_schema",)

    def __init__(self, parameters: dict[str, Any]) -> None:
        """Create a namespace with no input set.

        Args:
            parameters: JSON schema of the inputs.
        """
        super().__init__(**dict.fromkeys(parameters.get("properties") or {}))
        self._schema = parameters

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._schema,), self.values()

    @property
    def metadata(self) -> dict[str, Any]:
        """JSON schema of the inputs."""
        return self._schema

    def values(self) -> dict[str, Any]:
        """Return the inputs by name; unset inputs are ``None`` and are not sent.

        If the program has an input named ``values``, use ``vars()`` of the namespace instead.
        """
        return dict(vars(self))

    def validate(self) -> None:
        """Check that all required inputs are set.

        Raises:
            IBMInputValueError: If a required input is not set.
        """
        for name in self._schema.get("required") or ():
            if vars(self).get(name) is None:
                raise IBMInputValueError(
                    f"Param ({name}) missing required value. Set it on the namespace before "
                    "running the program."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON schema of each input by name; for the inputs, see :meth:`values`."""
        properties: dict[str, Any] = self._schema.get("properties") or {}
        return properties

    def __str__(self) -> str:
        properties = ParameterNamespace.to_dict(self)
        required = self._schema.get("required") or ()
        rows = [
            (
                name,
                vars(self).get(name),
                schema.get("type", "None"),
                name in required,
                schema.get("description", "None"),
            )
            for name, schema in properties.items()
        ]
        header = ("Name", "Value", "Type", "Required", "Description")
        return "\n".join(["ParameterNamespace (Values):", *map(_table_line, [header, *rows])])


def _table_line(cells: tuple[Any, ...]) -> str:
    name, value, kind, required, description = map(str, cells)
    return (
        f"| {name:<10.10} | {value:<12.12} | {kind:<12.12} | {required:<8.8} | {description:<15} |"
    )


def _requirement_lines(requirements: dict[str, Any]) -> Iterator[str]:
    if not requirements:
        yield "    none"
    for key, value in requirements.items():
        label = "Minimum number of qubits" if key == "min_num_qubits" else _sentence_case(key)
        yield f"    {label}: {value}"


def _schema_lines(schema: dict[str, Any]) -> Iterator[str]:
    if not schema:
        yield "    none"
        return
    for key in ("description", "type"):
        if key in schema:
            yield f"    {_sentence_case(key)}: {schema[key]}"
    if schema.get("properties"):
        yield "    Properties:"
    for name, details in (schema.get("properties") or {}).items():
        yield f"        - {name}:"
        for key, value in details.items():
            yield f"            {_sentence_case(key)}: {value}"
        yield f"            Required: {name in (schema.get('required') or ())}"


def _sentence_case(key: str) -> str:
    """Convert a key to words: ``minItems`` and ``min_items`` become ``Min items``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key).replace("_", " ")
    return words.capitalize()
