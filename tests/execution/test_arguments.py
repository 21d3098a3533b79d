"""Validation of inputs against the schema of their program."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

pytest.importorskip("jsonschema", reason="jsonschema, of the extra `local`, is not installed")

from qiskit_ibm_runtime.local import programs
from qiskit_ibm_runtime.local.execution.inputs import ArgumentsError, check
from qiskit_ibm_runtime.utils.json import RuntimeEncoder


def spec(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["n"], "properties": properties}


def test_accepts_valid_inputs() -> None:
    check(spec(n={"type": "integer"}), {"n": 3})
    check({}, {"anything": []})


def test_reports_every_violation_with_its_location() -> None:
    schema = spec(
        n={"type": "integer", "minimum": 1}, rows={"type": "array", "items": {"type": "string"}}
    )

    with pytest.raises(ArgumentsError) as caught:
        check(schema, {"n": 0, "rows": ["a", 5]})

    assert "n: 0 is less than the minimum of 1" in str(caught.value)
    assert "rows.1: 5 is not of type 'string'" in str(caught.value)


def test_reports_missing_input_by_name() -> None:
    with pytest.raises(ArgumentsError, match="'n' is a required property"):
        check(spec(n={}), {})


@pytest.mark.parametrize("value", [np.arange(3), {1, 2}], ids=["array", "set"])
def test_tagged_array_is_validated_as_an_array(value: Any) -> None:
    params = json.loads(json.dumps({"n": value}, cls=RuntimeEncoder))

    check(spec(n={"type": "array", "minItems": 2, "items": {"type": "integer"}}), params)


def test_circuit_is_validated_as_an_object() -> None:
    params = json.loads(json.dumps({"n": QuantumCircuit(1)}, cls=RuntimeEncoder))

    check(spec(n={"type": "object"}), params)
    with pytest.raises(ArgumentsError):
        check(spec(n={"type": "number"}), params)


def test_reports_invalid_schema() -> None:
    with pytest.raises(ValueError, match=r"schema of .* parameters is invalid") as caught:
        check({"type": "no-such-type"}, {})

    assert not isinstance(caught.value, ArgumentsError)


@pytest.mark.parametrize("name", programs.names())
def test_built_in_programs_have_valid_schemas(name: str) -> None:
    about = programs.metadata(name)
    transpilation = {"circuits": [], "observables": [], "iterations": 2}

    assert about["name"] == name
    assert about["description"]
    assert about["max_execution_time"] >= 300
    check(about["spec"]["parameters"], transpilation)
    with pytest.raises(ArgumentsError):
        check(about["spec"]["parameters"], {"circuits": 3, "iterations": "many"})
