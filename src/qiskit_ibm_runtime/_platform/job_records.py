"""Conversion of the platform's job records to the form that V1 clients expect."""

from __future__ import annotations

from typing import Any

from .recipe import recipe_in_params

_STATES = {
    "COMPLETED": "Completed",
    "DONE": "Completed",
    "SUCCEEDED": "Completed",
    "CANCELLED": "Cancelled",
    "CANCELED": "Cancelled",
    "FAILED": "Failed",
    "ERROR": "Failed",
    "RUNNING": "Running",
    "EXECUTING": "Running",
    "QUEUED": "Queued",
    "PENDING": "Queued",
    "INITIALIZING": "Queued",
    "CREATED": "Queued",
    "VALIDATING": "Queued",
}
_TEXTS = ("backend", "session_id", "created", "runtime")


def v1_job_record(raw: dict[str, Any]) -> dict[str, Any]:
    """Convert the record of a job of any program to the V1 form."""
    found = {key: value for key, value in raw.items() if key not in ("hub", "group", "project")}
    program = raw.get("program", raw.get("program_id"))
    if isinstance(program, str):
        program = {"id": program}
    found["program"] = dict(program) if isinstance(program, dict) else {}
    if not isinstance(found["program"].get("id"), str):
        found["program"]["id"] = ""
    if isinstance(raw.get("backend"), dict):
        found["backend"] = raw["backend"].get("name")
    for name in _TEXTS:
        if not isinstance(found.get(name), str):
            found.pop(name, None)
    tags = raw.get("tags")
    found["tags"] = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    found["state"] = _state(raw)
    params = raw.get("params")
    recipe = recipe_in_params(params)
    if recipe is not None:
        found["program"]["id"] = recipe.program
    if params is not None:
        found["params"] = _strip_circuit_tags(params)
    return found


def _state(raw: dict[str, Any]) -> dict[str, Any]:
    given = raw.get("state")
    state: dict[str, Any] = dict(given) if isinstance(given, dict) else {"status": given}
    name = str(state.get("status") or raw.get("status") or "")
    word, *rest = name.strip().replace("_", " ").replace("-", " ").split(" ", 1) or [""]
    known = _STATES.get(word.upper())
    if name.upper().replace("_", " ") == "IN PROGRESS":
        known, rest = "Running", []
    if known is not None:
        name = f"{known} - {rest[0].strip()}" if rest and rest[0].strip() else known
    code = state.get("reason_code")
    if isinstance(code, str) and code.isdecimal():
        state["reason_code"] = int(code)
    return {**state, "status": name}


def _strip_circuit_tags(value: Any) -> Any:
    """Remove the tags of circuits, whose QPY version the installed terra cannot read."""
    if isinstance(value, list):
        return [_strip_circuit_tags(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("__type__") == "QuantumCircuit":
        return {"qpy": value.get("__value__")}
    return {key: _strip_circuit_tags(each) for key, each in value.items()}


def is_v2_params(params: Any) -> bool:
    """Whether params are already those of a V2 job."""
    return isinstance(params, dict) and ("pubs" in params or "quantum_program" in params)


def restore_circuit_tags(value: Any) -> Any:
    """Restore the tags of circuits that :func:`v1_job_record` removed."""
    if isinstance(value, list):
        return [restore_circuit_tags(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"qpy"}:
        return {"__type__": "QuantumCircuit", "__value__": value["qpy"]}
    return {key: restore_circuit_tags(each) for key, each in value.items()}


def v1_metrics(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a job, adding the entries that V1 clients expect."""
    usage = dict(raw["usage"]) if isinstance(raw.get("usage"), dict) else {}
    seconds = usage.get("quantum_seconds", usage.get("seconds"))
    if seconds is None:
        seconds = usage.get("qpu_charge_time_seconds")
    if seconds is not None:
        usage.setdefault("quantum_seconds", seconds)
        usage.setdefault("seconds", seconds)
    found = {**raw, "usage": usage}
    if seconds is not None:
        found.setdefault("bss", {"seconds": seconds})
    return found
