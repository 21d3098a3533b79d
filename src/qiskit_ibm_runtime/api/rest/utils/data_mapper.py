"""Convert wire names to Python names."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.utils.utils import to_python_identifier

__all__ = ["dict_to_identifier", "map_jobs_limit_response", "to_python_identifier"]


def dict_to_identifier(
    data: dict[str, Any], mapper: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the mapping with its keys, at every level, made valid identifiers."""
    mapper = mapper or {}
    return {
        mapper.get(key) or to_python_identifier(key): dict_to_identifier(value, mapper)
        if isinstance(value, dict)
        else value
        for key, value in data.items()
    }


def map_jobs_limit_response(data: dict[str, Any]) -> dict[str, Any]:
    """Return the limit of jobs under the names of the client."""
    return dict_to_identifier(data, {"maximumJobs": "maximum_jobs", "runningJobs": "running_jobs"})
