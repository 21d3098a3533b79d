"""Helpers in ``utils``: cloud URLs, names, tags, queues, logging, deprecations."""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils import (
    get_runtime_api_base_url,
    is_crn,
    resolve_crn,
    to_python_identifier,
)
from qiskit_ibm_runtime.utils.deprecation import (
    deprecate_arguments,
    deprecate_function,
    issue_deprecation_msg,
)
from qiskit_ibm_runtime.utils.hgp import from_instance_format, to_instance_format
from qiskit_ibm_runtime.utils.utils import (
    CallableStr,
    RefreshQueue,
    _hash,
    filter_data,
    get_iam_api_url,
    get_resource_controller_api_url,
    setup_logger,
    validate_job_tags,
)

CRN = "crn:v1:bluemix:public:quantum-computing:my-region:a/0123456789:abcdef-01::"


@pytest.mark.parametrize(
    ("url", "instance", "base"),
    [
        ("https://cloud.ibm.com", CRN, "https://my-region.quantum-computing.cloud.ibm.com"),
        (
            "https://test.cloud.ibm.com:8443/path",
            CRN,
            "https://my-region.quantum-computing.test.cloud.ibm.com:8443",
        ),
        ("http://localhost:8080", CRN, "http://my-region.quantum-computing.localhost:8080"),
        ("http://127.0.0.1:8080/", CRN, "http://127.0.0.1:8080"),
        ("https://[::1]:8080/prefix", CRN, "https://[::1]:8080/prefix"),
        ("https://api-x.experimental-us.example", CRN, "https://api-x.experimental-us.example"),
        ("https://auth.example/api", "h/g/p", "https://auth.example/api"),
        ("https://cloud.ibm.com", "a name", "https://cloud.ibm.com"),
        ("https://cloud.ibm.com", None, "https://cloud.ibm.com"),
    ],
)
def test_the_runtime_address_follows_from_url_and_instance(url, instance, base):
    assert get_runtime_api_base_url(url, instance) == base


@pytest.mark.parametrize("crn", ["crn:", "crn:v1:a:b:c", CRN.replace("my-region", "")])
def test_rejects_incomplete_crn(crn):
    with pytest.raises(IBMInputValueError, match="not a complete CRN"):
        get_runtime_api_base_url("https://cloud.ibm.com", crn)


@given(region=st.text(max_size=20))
def test_crn_cannot_redirect_api_key_to_another_host(region):
    try:
        base = get_runtime_api_base_url("https://cloud.ibm.com", CRN.replace("my-region", region))
    except IBMInputValueError:
        return
    assert base == f"https://{region.split(':')[0]}.quantum-computing.cloud.ibm.com"


def test_derived_cloud_hosts_keep_the_port():
    assert get_iam_api_url("https://cloud.ibm.com") == "https://iam.cloud.ibm.com"
    assert (
        get_resource_controller_api_url("http://x.example:81/p")
        == "http://resource-controller.x.example:81"
    )


def test_server_given_by_ip_address_serves_all_cloud_hosts():
    assert get_iam_api_url("http://127.0.0.1:81/p/") == "http://127.0.0.1:81/p"
    assert get_resource_controller_api_url("http://[::1]:81") == "http://[::1]:81"


def test_crn_needs_no_lookup():
    assert is_crn(CRN)
    assert not is_crn(None)
    assert resolve_crn("ibm_cloud", "https://cloud.ibm.com", CRN, "t") == [CRN]
    with pytest.raises(ValueError, match="'ibm_quantum'"):
        resolve_crn("ibm_quantum", "u", CRN, "t")
    with pytest.raises(ValueError, match="CRN or name"):
        resolve_crn("ibm_cloud", "u", "", "t")


def test_splits_and_joins_hub_group_project():
    assert from_instance_format("h/g/p") == ("h", "g", "p")
    assert to_instance_format("h", "g", "p") == "h/g/p"


@pytest.mark.parametrize("instance", ["", "h/g", "h/g/p/x", "//", None, 3])
def test_rejects_other_instance_formats(instance):
    with pytest.raises(IBMInputValueError, match="correct hub/group/project format"):
        from_instance_format(instance)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("HelloWorld", "hello_world"),
        ("hello-world", "hello_world"),
        ("1abc", "_1abc"),
        ("class", "class_"),
        ("ABCDef", "abc_def"),
        ("ibmq_qasm_simulator", "ibmq_qasm_simulator"),
        ("", "_"),
    ],
)
def test_converts_names_to_snake_case(name, identifier):
    assert to_python_identifier(name) == identifier


@given(name=st.text(max_size=12))
def test_converts_every_name_to_an_identifier(name):
    assert to_python_identifier(name).isidentifier()


@pytest.mark.parametrize("tags", [None, [], ["a", "b"]])
def test_accepts_list_of_strings_as_job_tags(tags):
    validate_job_tags(tags, ValueError)


@pytest.mark.parametrize("tags", ["a", ("a",), [1], {"a": 1}])
def test_rejects_other_job_tags_with_the_given_error(tags):
    with pytest.raises(IBMInputValueError, match="job_tags needs to be a list of strings"):
        validate_job_tags(tags, IBMInputValueError)


def test_removes_hub_information_at_any_depth():
    data = {"h": 1, "hubInfo": {"x": 1}, "a": [{"b": {"hubInfo": 5}, "c": None}]}

    filtered = filter_data(data)

    assert filtered == {"h": 1, "hubInfo": "...", "a": [{"b": {"hubInfo": "..."}, "c": None}]}
    assert data["hubInfo"] == {"x": 1}
    assert filter_data("text") == "text"


def test_the_hash_is_stable():
    assert _hash("abc") == "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"


def test_callable_string_is_a_string():
    name = CallableStr("x")

    assert name == name() == "x"
    assert pickle.loads(pickle.dumps(name))() == "x"


def test_full_queue_drops_the_oldest_item():
    latest = RefreshQueue(maxsize=2)
    for item in "abc":
        latest.put(item)

    assert [latest.get(), latest.get(block=False)] == ["b", "c"]
    with pytest.raises(queue.Empty):
        latest.get(block=False)
    with pytest.raises(queue.Empty):
        latest.get(timeout=0)


def test_waiting_reader_gets_the_item_or_is_released():
    latest = RefreshQueue(maxsize=1)
    outcomes: queue.Queue = queue.Queue()
    waiting = threading.Semaphore(0)
    wait_for = latest.condition.wait_for
    latest.condition.wait_for = lambda *args: (waiting.release(), wait_for(*args))[1]  # type: ignore[method-assign]

    def read() -> None:
        try:
            outcomes.put(latest.get())
        except queue.Empty:
            outcomes.put("sent away")

    for wake, outcome in ((lambda: latest.put("item"), "item"), (latest.notify_all, "sent away")):
        reader = threading.Thread(target=read)
        reader.start()
        waiting.acquire()  # the reader holds the condition, so it waits before the wake-up
        wake()
        reader.join()
        assert outcomes.get() == outcome


@pytest.fixture
def log(request, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", raising=False)
    monkeypatch.delenv("QISKIT_IBM_RUNTIME_LOG_FILE", raising=False)
    logger = logging.getLogger(request.node.nodeid)
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize("level", [None, ""])
def test_logger_keeps_its_level_when_none_is_given(log, monkeypatch, level):
    if level is not None:
        monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", level)

    setup_logger(log)

    assert log.level == logging.NOTSET
    assert not log.propagate


@pytest.mark.parametrize("level", ["debug", "Info", "WARNING", "errOR", "CRITICAL"])
def test_level_name_is_case_insensitive(log, monkeypatch, level):
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", level)

    setup_logger(log)

    assert logging.getLevelName(log.level) == level.upper()


@pytest.mark.parametrize("level", ["invalid", "10"])
def test_unknown_level_falls_back_to_warning_and_says_so(log, monkeypatch, capsys, level):
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", level)

    setup_logger(log)

    assert log.level == logging.WARNING
    assert repr(level) in capsys.readouterr().err


def test_second_call_replaces_the_handler(log, monkeypatch, tmp_path):
    foreign = logging.NullHandler()
    log.addHandler(foreign)
    setup_logger(log)
    path = tmp_path / "log.txt"
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_FILE", str(path))
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_LEVEL", "WARNING")
    setup_logger(log)
    setup_logger(log)
    log.info("not this")
    log.warning("but this")

    assert [type(handler) for handler in log.handlers] == [logging.NullHandler, logging.FileHandler]
    lines = path.read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{__name__.rpartition('.')[2]}.test_second_call")
    assert ":WARNING:" in lines[0]
    assert lines[0].endswith(": but this")


def test_unwritable_log_file_does_not_fail(log, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_LOG_FILE", str(tmp_path / "missing" / "log.txt"))

    setup_logger(log)

    assert len(log.handlers) == 1
    assert "Cannot write" in capsys.readouterr().err


def warned_about(call) -> tuple[str, str, int]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert [warning.category for warning in caught] == [DeprecationWarning]
    return str(caught[0].message), caught[0].filename, caught[0].lineno


@deprecate_function("old_function", "0.7", "Use new_function.")
def old_function() -> str:
    """Docstring of the function."""
    return "result"


def method_that_warns() -> None:
    issue_deprecation_msg("The method is deprecated", "0.8", "Use another.")


def method_with_old_argument() -> None:
    deprecate_arguments("arg", "0.9", "Leave it out.")


def use_function() -> None:
    old_function()


def use_method() -> None:
    method_that_warns()


def use_argument() -> None:
    method_with_old_argument()


@pytest.mark.parametrize(
    ("call", "texts"),
    [
        (use_function, ("The old_function method is deprecated", "0.7", "new_function")),
        (use_method, ("The method is deprecated as of", "0.8", "Use another.")),
        (use_argument, ("'arg' keyword arguments", "0.9", "Leave it out.")),
    ],
    ids=["function", "message", "argument"],
)
def test_deprecation_warning_points_at_the_calling_line(call, texts):
    message, filename, line = warned_about(call)

    assert filename == __file__
    assert line == call.__code__.co_firstlineno + 1
    assert "qiskit-ibm-runtime" in message
    assert "3 months" in message
    assert [text for text in texts if text not in message] == []


def test_deprecated_function_keeps_its_metadata():
    with pytest.warns(DeprecationWarning, match="old_function"):
        assert old_function() == "result"
    assert old_function.__name__ == "old_function"
    assert old_function.__doc__ == "Docstring of the function."
