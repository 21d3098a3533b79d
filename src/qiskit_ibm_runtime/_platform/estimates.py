"""Expectation values computed from outcomes of the executor program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .encoding import Bits, v1_numbers

if TYPE_CHECKING:
    from .recipe import Recipe

Array = np.ndarray[Any, Any]


def estimate_from_executor(pubs: list[dict[str, Any]], recipe: Recipe) -> dict[str, Any]:
    """Return the values and metadata of a V1 estimator result."""
    facts = recipe.executed or {}
    runs = int(facts["runs"])
    values = np.zeros(runs, dtype=complex)
    variances = np.zeros(runs)
    for run, real, imaginary in facts["constants"]:
        values[run] += complex(real, imaginary)
    outcomes = [_outcomes(pub, its) for pub, its in zip(pubs, recipe.pubs)]
    number = facts["calibration"]
    calibration = None if number is None else (recipe.pubs[number]["qubits"], outcomes[number])
    shots = 0
    for its, seen in zip(recipe.pubs, outcomes):
        rows = seen.reshape(max(len(its["runs"]), 1), -1, seen.shape[-1])
        shots = max(shots, rows.shape[1])
        for run, terms, bits in zip(its["runs"], its.get("terms", ()), rows):
            value, variance = _total(terms, bits, its["qubits"], calibration)
            values[run] += value
            variances[run] += variance
    metadata = [
        {"variance": float(variance), "shots": shots or recipe.shots} for variance in variances
    ]
    return {"values": v1_numbers(values.tolist()), "metadata": metadata}


def _outcomes(pub: dict[str, Any], facts: dict[str, Any]) -> Array:
    """Return the bits with flips undone, as an array of shape (rows, flips, shots, bits)."""
    fields = [field for field in pub["fields"].values() if isinstance(field, Bits)]
    if len(fields) != 1:
        raise IBMRuntimeError(
            f"The platform returned outcomes of {len(fields)} registers where one was expected."
        )
    columns = fields[0].columns()
    flips = np.asarray(facts["flips"], dtype=np.uint8)
    rows = len(columns) // len(flips)
    bits = columns.reshape(rows, len(flips), *columns.shape[1:])
    return np.asarray(bits ^ flips[None, :, None, :])


def _total(
    terms: list[list[Any]],
    bits: Array,
    qubits: list[int],
    calibration: tuple[list[int], Array] | None,
) -> tuple[complex, float]:
    """Return the sum of terms and its single-shot variance."""
    total = np.zeros(len(bits), dtype=complex)
    for support, real, imaginary in terms:
        signs = _signs(bits, support)
        scale = 1.0
        if calibration is not None:
            known, seen = calibration
            places = [known.index(qubits[place]) for place in support]
            scale = float(_signs(seen.reshape(-1, seen.shape[-1]), places).mean())
            if scale <= 0:
                raise IBMRuntimeError(
                    "Readout errors of the device are too large to mitigate. Use resilience level "
                    "0, or another backend."
                )
        total += complex(real, imaginary) / scale * signs
    return complex(total.mean()), float(total.real.var() + total.imag.var())


def _signs(bits: Array, places: list[int]) -> Array:
    return np.asarray(1.0 - 2.0 * (bits[:, places].sum(axis=1) % 2))
