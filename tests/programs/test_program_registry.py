"""Programs of a service: listing, uploading, updating, deleting and printing."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.standin import StandIn

from qiskit_ibm_runtime import (
    IBMInputValueError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeDuplicateProgramError,
    RuntimeProgramNotFound,
)
from qiskit_ibm_runtime.program.upload import ProgramMetadata

SOURCE = "def main(backend, user_messenger, **kwargs):\n    return kwargs\n"
METADATA = {
    "name": "mine",
    "max_execution_time": 300,
    "description": "What it does.",
    "is_public": True,
    "spec": {
        "backend_requirements": {"min_num_qubits": 5},
        "parameters": {"properties": {"shots": {"type": "integer"}}, "required": ["shots"]},
        "return_values": {"type": "string"},
        "interim_results": {"type": "object"},
    },
}


@pytest.fixture
def service(standin):
    return standin.service()


def add_programs(standin, number: int, first: int = 0) -> list[str]:
    for index in range(first, first + number):
        standin.programs[f"p{index}"] = {"id": f"p{index}", "name": f"n{index}", "cost": 60}
    return [f"p{index}" for index in range(first, first + number)]


def ids(programs) -> list[str]:
    return [program.program_id for program in programs]


def test_programs_keep_service_order_and_are_fetched_as_needed(standin, service):
    names = add_programs(standin, 50)

    assert ids(service.programs()) == names[:20]
    assert ids(service.programs(limit=5, skip=10)) == names[10:15]
    assert standin.asked("GET /programs") == [{"limit": "20"}]
    assert ids(service.programs(limit=10, skip=15)) == names[15:25]
    assert ids(service.programs(limit=None, skip=None)) == names
    assert standin.asked("GET /programs")[1:] == [
        {"limit": "20", "offset": "20"},
        {"limit": "20", "offset": "40"},
        {"limit": "20", "offset": str(len(names))},
    ]
    assert ids(service.programs(limit=None, skip=45)) == names[45:]
    assert service.programs(limit=0) == service.programs(skip=99) == []
    assert len(standin.requests) == 4


def test_fetching_one_program_does_not_count_as_the_list(standin, service):
    names = add_programs(standin, 3)

    one = service.program("p1")

    assert ids(service.programs()) == names
    assert service.programs()[1] is one


def test_refresh_clears_the_cache(standin, service):
    add_programs(standin, 2)
    old = service.programs()[0]
    add_programs(standin, 1, first=2)

    assert ids(service.programs()) == ["p0", "p1"]
    assert ids(service.programs(refresh=True)) == ["p0", "p1", "p2"]
    assert service.programs()[0] is not old


@pytest.mark.parametrize("count", [1000, 3, 1, 0, None, "many"])
def test_lists_all_programs_whatever_count_the_service_reports(standin, service, count):
    standin.page_size = 2
    add_programs(standin, 3)
    standin.count = lambda _page: count

    assert ids(service.programs(limit=None)) == ["p0", "p1", "p2"]
    assert len(standin.requests) == 3


def test_listing_ends_if_the_service_ignores_the_offset(service):
    records = [{"id": "p0", "name": "p0"}, {"id": "p1", "name": "p1"}]
    service._api_client = SimpleNamespace(
        list_programs=lambda **_page: {"programs": records, "count": 2}
    )

    assert ids(service.programs(limit=None)) == ["p0", "p1"]


@pytest.mark.parametrize("arguments", [{"limit": -1}, {"skip": -1}, {"limit": "all"}])
def test_rejects_invalid_limit_and_skip(service, standin, arguments):
    with pytest.raises(IBMInputValueError, match=f"'{next(iter(arguments))}' must be a number"):
        service.programs(**arguments)
    assert standin.requests == []


def test_program_is_cached_until_refreshed(standin, service):
    add_programs(standin, 1)

    first = service.program("p0")

    assert service.program("p0") is first
    assert len(standin.requests) == 1
    standin.programs["p0"]["name"] = "renamed"
    assert service.program("p0", refresh=True).name == "renamed"


def test_uploaded_program_keeps_its_metadata(standin, service):
    program_id = service.upload_program(SOURCE, METADATA)

    (sent,) = standin.sent("POST /programs")
    assert {key: sent[key] for key in ("name", "cost", "description", "is_public", "spec")} == {
        "name": "mine",
        "cost": 300,
        "description": "What it does.",
        "is_public": True,
        "spec": METADATA["spec"],
    }
    program = service.program(program_id)
    assert (program.name, program.max_execution_time, program.is_public) == ("mine", 300, True)
    assert program.backend_requirements == {"min_num_qubits": 5}
    assert program.return_values == {"type": "string"}
    assert program.interim_results == {"type": "object"}
    assert program.data == SOURCE
    assert vars(program.parameters()) == {"shots": None}


def test_upload_appears_in_a_list_fetched_earlier(standin, service):
    add_programs(standin, 1)
    service.programs()

    program_id = service.upload_program(SOURCE, METADATA)

    assert ids(service.programs()) == ["p0", program_id]


@pytest.mark.parametrize("as_path", [str, Path], ids=["text", "path"])
def test_accepts_source_and_metadata_files(standin, service, tmp_path, as_path):
    source, metadata = tmp_path / "program.py", tmp_path / "program.json"
    source.write_text(SOURCE + "# Grüße\n", encoding="utf-8")
    metadata.write_text(json.dumps(METADATA), encoding="utf-8")

    program_id = service.upload_program(as_path(source), as_path(metadata))

    assert service.program(program_id).data == SOURCE + "# Grüße\n"


@pytest.mark.parametrize(
    "source", ["def main() {}", "x = 1\nmain = print\n"], ids=["one line", "no def"]
)
def test_source_is_distinguished_from_a_path_by_main_or_newlines(standin, service, source):
    service.upload_program(source, {"name": "n", "max_execution_time": 1})

    assert standin.programs["n-id"]["data"] == source


def test_metadata_requires_only_name_and_time_limit(standin, service):
    service.upload_program(SOURCE, {"name": "n", "max_execution_time": 1, "unknown": "x"})

    (sent,) = standin.sent("POST /programs")
    assert (sent["description"], sent["is_public"]) == ("", False)
    assert "spec" not in sent
    assert "unknown" not in sent


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        (None, "name is a required metadata field"),
        ({}, "name is a required metadata field"),
        ({"name": "n"}, "max_execution_time is a required metadata field"),
        ({"name": "", "max_execution_time": 1}, "name is a required"),
        ({"name": "n", "max_execution_time": 0}, "max_execution_time is a required"),
        ({"name": "n", "max_execution_time": -1}, "'max_execution_time' .* not -1"),
        ({"name": "n", "max_execution_time": "1h"}, "'max_execution_time' .* not '1h'"),
        ({**METADATA, "spec": "x"}, "'spec' must be a dict of JSON schemas, not 'x'"),
        (["name"], r"'metadata' must be a dict or the path of a JSON file, not \['name'\]"),
    ],
)
def test_rejects_invalid_metadata_before_sending(service, standin, metadata, text):
    with pytest.raises(IBMInputValueError, match=text):
        service.upload_program(SOURCE, metadata)
    assert standin.requests == []


@pytest.mark.parametrize(
    ("content", "text"), [("{", "is not valid JSON"), ("[1]", "JSON object, not list")]
)
def test_names_invalid_metadata_file(service, tmp_path, content, text):
    path = tmp_path / "metadata.json"
    path.write_text(content)

    with pytest.raises(IBMInputValueError, match=f"metadata.json.*{text}"):
        service.upload_program(SOURCE, str(path))


def test_names_missing_files(service, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'def main\(' is missing.*: 'missing.py'"):
        service.upload_program("missing.py", METADATA)
    with pytest.raises(FileNotFoundError, match=r"missing.json"):
        service.upload_program(SOURCE, "missing.json")


def test_string_that_is_neither_path_nor_source_is_rejected(service):
    with pytest.raises(FileNotFoundError, match="not source code"):
        service.upload_program("x" * 5000, METADATA)


def test_rejects_folder_as_program_or_metadata(service, tmp_path):
    with pytest.raises(IBMInputValueError, match="is not a source file"):
        service.upload_program(str(tmp_path), METADATA)
    with pytest.raises(IBMInputValueError, match="is not valid JSON"):
        service.upload_program(SOURCE, str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe"], ids=["empty", "blank", "binary"])
def test_names_file_without_a_program(service, standin, tmp_path, content):
    path = tmp_path / "program.py"
    path.write_bytes(content)

    with pytest.raises(IBMInputValueError, match=r"program.py.* is not a source file"):
        service.upload_program(str(path), METADATA)
    assert standin.requests == []


@pytest.mark.parametrize("data", ["", None, 5, b"def main(): pass"])
def test_rejects_other_types_as_program(service, standin, data):
    with pytest.raises(IBMInputValueError, match="'data' must be source code or the path"):
        service.upload_program(data, METADATA)
    assert standin.requests == []


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (409, RuntimeDuplicateProgramError, "same name already exists"),
        (403, IBMNotAuthorizedError, "not authorized to upload"),
        (400, IBMRuntimeError, "Failed to create program"),
    ],
)
def test_rejected_upload_gives_the_reason(standin, service, status, error, text):
    standin.answers["POST /programs"] = (status, {"errors": [{"code": 7, "message": "Because."}]})

    with pytest.raises(error, match=f"{text}.*Because") as caught:
        service.upload_program(SOURCE, METADATA)
    assert (caught.value.failure.status, caught.value.failure.code) == (status, 7)


def test_update_sends_given_fields_and_refreshes_the_program(standin, service):
    program_id = service.upload_program(SOURCE, METADATA)
    program = service.program(program_id)
    new = SOURCE.replace("kwargs\n", "1\n")

    service.update_program(
        program_id,
        data=new,
        metadata={"name": "from metadata", "description": "new", "is_public": False},
        name="wins",
        max_execution_time=60,
    )

    assert standin.sent(f"PATCH /programs/{program_id}") == [
        {"name": "wins", "description": "new", "cost": 60}
    ]
    changed = service.program(program_id)
    assert (changed.data, changed.name, changed.max_execution_time) == (new, "wins", 60)
    assert changed.is_public
    assert program.name == "mine"


@pytest.mark.parametrize(
    ("arguments", "calls"),
    [
        ({"data": SOURCE}, ["PUT /programs/mine-id/data"]),
        ({"spec": {"parameters": {}}}, ["PATCH /programs/mine-id"]),
        ({"metadata": METADATA}, ["PATCH /programs/mine-id"]),
    ],
)
def test_update_sends_only_given_fields(standin, service, arguments, calls):
    service.upload_program(SOURCE, METADATA)
    standin.requests.clear()

    service.update_program("mine-id", **arguments)

    assert standin.calls() == calls


@pytest.mark.parametrize("arguments", [{}, {"metadata": {}}, {"metadata": {"is_public": True}}])
def test_empty_update_warns_at_the_caller(standin, service, arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        service.update_program("p", **arguments)

    (warning,) = caught
    assert warning.category is UserWarning
    assert "No update is made" in str(warning.message)
    assert warning.filename == __file__
    assert standin.requests == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"max_execution_time": "1h"}, "'max_execution_time'"),
        ({"spec": [1]}, "'spec'"),
        ({"metadata": 5}, "'metadata'"),
        ({"data": 5}, "'data'"),
    ],
)
def test_rejects_invalid_update_before_sending(service, standin, arguments, text):
    with pytest.raises(IBMInputValueError, match=text):
        service.update_program("p", **arguments)
    assert standin.requests == []


def test_visibility_change_is_visible_immediately(standin, service):
    program_id = service.upload_program(SOURCE, METADATA)
    program = service.program(program_id)

    service.set_program_visibility(program_id, False)

    assert not program.is_public
    assert not standin.programs[program_id]["is_public"]
    service.set_program_visibility(program_id, True)
    assert program.is_public
    assert standin.programs[program_id]["is_public"]
    service.set_program_visibility(program_id, 0)
    assert program.is_public is False


def test_deleting_a_program_does_not_disturb_the_list(standin, service):
    names = add_programs(standin, 50)
    service.programs()

    service.delete_program("p3")

    names.remove("p3")
    assert ids(service.programs(limit=None)) == names
    with pytest.raises(RuntimeProgramNotFound, match="Program not found"):
        service.delete_program("p3")


MISSING = [
    lambda service: service.program("x"),
    lambda service: service.update_program("x", name="y"),
    lambda service: service.update_program("x", data=SOURCE),
    lambda service: service.delete_program("x"),
    lambda service: service.set_program_visibility("x", True),
]


@pytest.mark.parametrize("call", MISSING)
def test_names_unknown_program(service, call):
    with pytest.raises(RuntimeProgramNotFound, match=r"Program not found: .*404") as caught:
        call(service)
    assert caught.value.failure.code == 1220


@pytest.mark.parametrize(
    ("path", "call", "text"),
    [
        ("GET /programs/x", MISSING[0], "get program"),
        ("PATCH /programs/x", MISSING[1], "update program"),
        ("PUT /programs/x/data", MISSING[2], "update program"),
        ("DELETE /programs/x", MISSING[3], "delete program"),
        ("PUT /programs/x/public", MISSING[4], "set program visibility"),
    ],
)
def test_other_errors_say_what_failed(standin, service, path, call, text):
    standin.answers[path] = (403, {"errors": [{"code": 1, "message": "No."}]})

    with pytest.raises(IBMRuntimeError, match=rf"Failed to {text}.*No\.") as caught:
        call(service)
    assert caught.value.failure.status == 403


def test_prints_programs_briefly_or_in_full(standin, service, capsys):
    service.upload_program(SOURCE, METADATA)

    service.pprint_programs()
    brief = capsys.readouterr().out
    service.pprint_programs(detailed=True)
    detailed = capsys.readouterr().out

    assert brief.splitlines() == [
        "=" * 50,
        "mine-id:",
        "  Name: mine",
        "  Description: What it does.",
    ]
    assert detailed == f"{'=' * 50}\n{service.program('mine-id')}\n"
    assert "Max execution time: 300" in detailed
    assert "Minimum number of qubits: 5" in detailed


def test_cloud_has_programs_too(standin):
    service = standin.service("ibm_cloud")

    program_id = service.upload_program(SOURCE, METADATA)

    assert ids(service.programs()) == [program_id]


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(),
            "max_execution_time": st.integers(0, 10**6),
            "description": st.text(),
            "spec": st.dictionaries(st.text(), st.integers()),
            "other": st.integers(),
        },
    ),
    given_name=st.none() | st.text(),
)
def test_arguments_take_precedence_over_metadata(fields, given_name):
    known = {key: value for key, value in fields.items() if key != "other"}

    metadata = ProgramMetadata.read(fields).updated(name=given_name)

    assert {**vars(metadata), "name": None} == {
        **vars(ProgramMetadata()),
        **known,
        "name": None,
    }
    assert metadata.name == (given_name or fields.get("name"))


@given(
    total=st.integers(0, 45),
    steps=st.lists(st.tuples(st.none() | st.integers(0, 30), st.integers(0, 50)), max_size=5),
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_access_order_gives_the_same_programs_and_fetches_no_page_twice(total, steps):
    from types import SimpleNamespace

    from qiskit_ibm_runtime._service.programs import Programs

    model, asked = StandIn(), []
    names = add_programs(model, total)

    def list_programs(limit, skip):
        asked.append(skip)
        query = {"limit": [str(limit)], "offset": [str(skip)]}
        return model._page(list(model.programs.values()), query, "programs")

    service = Programs()
    service._api_client, service._programs = SimpleNamespace(list_programs=list_programs), {}

    for limit, skip in steps:
        end = None if limit is None else skip + limit
        assert ids(service.programs(limit=limit, skip=skip)) == names[skip:end]
    assert asked == sorted(set(asked))


@pytest.mark.parametrize("program_id", ["", None])
def test_rejects_invalid_id_before_sending(standin, service, program_id):
    before = len(standin.requests)

    for call in (
        service.program,
        service.delete_program,
        lambda given: service.update_program(given, name="other"),
        lambda given: service.set_program_visibility(given, True),
    ):
        with pytest.raises(IBMInputValueError, match="'program_id' must be the id of a program"):
            call(program_id)

    assert len(standin.requests) == before
