"""Validation of `RuntimeOptions`."""

from __future__ import annotations

import pytest

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.runtime_options import RuntimeOptions


def test_options_default_to_none_and_compare_by_value():
    assert set(vars(RuntimeOptions()).values()) == {None}
    assert RuntimeOptions("b", session_time=3) == RuntimeOptions(backend="b", session_time=3)
    assert repr(RuntimeOptions("b")).startswith("RuntimeOptions(backend='b', image=None")


def test_rejects_both_names_and_unknown_options():
    with pytest.raises(TypeError, match="'backend_name' is its old name"):
        RuntimeOptions("b", backend_name="b")
    with pytest.raises(TypeError, match=r"no option 'shots'.*job_tags"):
        RuntimeOptions(shots=3)


@pytest.mark.parametrize(
    ("channel", "image", "level"),
    [
        ("ibm_quantum", None, "debug"),
        ("ibm_cloud", "a:b", "WARN"),
        ("local", "a/b.c-d_e:1.2-3_x", "NOTSET"),
        ("local", None, None),
    ],
)
def test_accepts_valid_options(channel, image, level):
    RuntimeOptions("b", image, level, job_tags=["t"]).validate(channel)


@pytest.mark.parametrize(
    ("channel", "fields", "text"),
    [
        ("ibm_quantum", {}, "'backend' is required on channel 'ibm_quantum'"),
        ("local", {"backend": ""}, "'backend' is required on channel 'local'"),
        ("ibm_cloud", {"instance": "h/g/p"}, "'instance' is only supported"),
        ("ibm_cloud", {"image": "no-tag"}, "image 'no-tag' .*'image_name:tag'"),
        ("ibm_cloud", {"image": "a:b:c"}, "image_name:tag"),
        ("ibm_cloud", {"image": "a//b:c"}, "image_name:tag"),
        ("ibm_cloud", {"image": "a:b\n"}, "image_name:tag"),
        ("ibm_cloud", {"image": 5}, "image_name:tag"),
        ("ibm_cloud", {"log_level": "LOUD"}, "'LOUD' is not a valid log level"),
        ("ibm_cloud", {"log_level": 10}, "10 is not a valid log level"),
        ("ibm_cloud", {"job_tags": "t"}, "job_tags needs to be a list of strings"),
        ("ibm_quantum", {"image": "x"}, "image_name:tag"),
    ],
)
def test_rejects_invalid_options_with_the_allowed_values(channel, fields, text):
    with pytest.raises(IBMInputValueError, match=text):
        RuntimeOptions(**fields).validate(channel)
