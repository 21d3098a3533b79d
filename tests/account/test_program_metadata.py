"""Programs, their parameters, and reservations."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timedelta

import pytest

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.backendreservation import BackendReservation
from qiskit_ibm_runtime.exceptions import (
    IBMInputValueError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeProgramNotFound,
)
from qiskit_ibm_runtime.runtime_program import ParameterNamespace, RuntimeProgram

SCHEMA = {
    "description": "The inputs.",
    "type": "object",
    "properties": {
        "shots": {"description": "How many.", "type": "integer", "minItems": 1},
        "label": {"type": "string"},
    },
    "required": ["shots"],
}


class Answers:
    """A client with one canned program response."""

    def __init__(self, answer):
        self.answer = answer

    def program_get(self, program_id):
        assert program_id == "id-1"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def program(**more) -> RuntimeProgram:
    return RuntimeProgram("name", "id-1", "What it does.", **more)


def test_parameters_start_empty_and_omit_private_attributes():
    form = ParameterNamespace(SCHEMA)
    form.shots = 7
    form.extra = "x"

    assert form.values() == vars(form) == {"shots": 7, "label": None, "extra": "x"}
    assert repr(form) == "ParameterNamespace(shots=7, label=None, extra='x')"
    assert form.metadata is SCHEMA
    assert form.to_dict() == SCHEMA["properties"]
    form.validate()


def test_names_missing_required_input():
    with pytest.raises(IBMInputValueError, match=r"Param \(shots\) missing required value"):
        ParameterNamespace(SCHEMA).validate()
    with pytest.raises(IBMInputValueError, match=r"Param \(unlisted\) missing"):
        ParameterNamespace({"required": ["unlisted"]}).validate()


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_parameters_can_be_copied(clone):
    form = ParameterNamespace(SCHEMA)
    form.shots = 7

    cloned = clone(form)
    cloned.label = "changed"

    assert cloned.values() == {"shots": 7, "label": "changed"}
    assert form.label is None
    assert cloned.metadata == SCHEMA


def test_input_may_have_the_name_of_a_member():
    form = ParameterNamespace({"properties": {"to_dict": {}, "values": {}}})
    form.values = 3  # type: ignore[assignment, method-assign]

    assert vars(form) == {"to_dict": None, "values": 3}
    assert "to_dict" in str(form)


def test_parameters_display_as_a_table():
    form = ParameterNamespace(SCHEMA)
    form.shots = "x" * 20

    header, names, shots, label = str(form).splitlines()
    assert header == "ParameterNamespace (Values):"
    assert names.split("|")[1:6] == [
        " Name       ",
        " Value        ",
        " Type         ",
        " Required ",
        " Description     ",
    ]
    assert shots.split("|")[1:6] == [
        " shots      ",
        " xxxxxxxxxxxx ",
        " integer      ",
        " True     ",
        " How many.       ",
    ]
    assert " False " in label


def test_each_call_returns_new_parameters():
    described = program(parameters=SCHEMA)
    described.parameters().shots = 7

    assert described.parameters().shots is None


def test_metadata_has_defaults():
    bare = program()

    assert (bare.name, bare.program_id, bare.description) == ("name", "id-1", "What it does.")
    assert (bare.return_values, bare.interim_results, bare.backend_requirements) == ({}, {}, {})
    assert (bare.creation_date, bare.update_date) == ("", "")
    assert (bare.is_public, bare.max_execution_time) == (False, 0)
    assert repr(bare) == "<RuntimeProgram('id-1')>"
    assert list(bare.to_dict()) == [
        "program_id",
        "name",
        "description",
        "max_execution_time",
        "backend_requirements",
        "parameters",
        "return_values",
        "interim_results",
        "is_public",
    ]


def test_program_prints_in_sections():
    text = str(
        program(
            parameters=SCHEMA,
            backend_requirements={"min_num_qubits": 5, "input_allowed": "job"},
            max_execution_time=300,
            creation_date="2021",
        )
    )

    assert text.splitlines() == [
        "id-1:",
        "  Name: name",
        "  Description: What it does.",
        "  Creation date: 2021",
        "  Update date: ",
        "  Max execution time: 300",
        "  Backend requirements:",
        "    Minimum number of qubits: 5",
        "    Input allowed: job",
        "  Input parameters:",
        "    Description: The inputs.",
        "    Type: object",
        "    Properties:",
        "        - shots:",
        "            Description: How many.",
        "            Type: integer",
        "            Min items: 1",
        "            Required: True",
        "        - label:",
        "            Type: string",
        "            Required: False",
        "  Interim results:",
        "    none",
        "  Returns:",
        "    none",
    ]


def test_source_is_fetched_once_unchanged():
    client = Answers({"data": "def main(): ...\n"})
    fetched = program(api_client=client)

    assert fetched.data == "def main(): ...\n"
    client.answer = {}
    assert fetched.data == "def main(): ...\n"
    assert program(data="given").data == "given"


@pytest.mark.parametrize("client", [None, Answers({}), Answers({"data": ""})])
def test_hidden_source_is_a_permission_error(client):
    with pytest.raises(IBMNotAuthorizedError, match="Only program authors"):
        _ = program(api_client=client).data


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [(404, RuntimeProgramNotFound, "Program not found"), (500, IBMRuntimeError, "'id-1'")],
)
def test_failure_keeps_its_details(status, error, text):
    cause = RequestsApiError("it failed", status_code=status)

    with pytest.raises(error, match=text) as caught:
        _ = program(api_client=Answers(cause)).data
    assert caught.value.failure is cause.failure


START = datetime(2023, 5, 1, 9)


def test_reservation_duration_includes_days():
    slot = BackendReservation("b", START, START + timedelta(days=1, minutes=5))

    assert slot.duration == 24 * 60 + 5
    assert (slot.hub, slot.group, slot.project) == (None, None, None)


def test_reservation_repr_shows_known_fields():
    hub_info = {"hub": {"name": "h"}, "group": {"name": "g"}, "project": {"name": "p"}}
    slot = BackendReservation("b", START, START + timedelta(hours=1), None, "job", "r1", hub_info)

    assert (slot.hub, slot.group, slot.project) == ("h", "g", "p")
    assert repr(slot) == (
        "<BackendReservation(backend_name=b, start_datetime=2023-05-01 09:00:00, "
        "end_datetime=2023-05-01 10:00:00, duration=60, mode=job, reservation_id=r1, "
        "hub=h, group=g, project=p)>"
    )


def test_reservations_are_equal_by_identifier_or_by_time():
    hour = timedelta(hours=1)
    slot = BackendReservation("b", START, START + hour, reservation_id="r")

    assert slot == BackendReservation("b", START, START + 2 * hour, reservation_id="r")
    assert slot == BackendReservation("b", START, START + hour, reservation_id="other")
    assert slot != BackendReservation("b", START, START + 2 * hour, reservation_id="other")
    assert slot != BackendReservation("c", START, START + hour, reservation_id="r")
    assert slot != "r"
