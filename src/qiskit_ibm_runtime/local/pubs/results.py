"""Encode results of V2 primitives, with type tags or as plain JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import arrays

Array = np.ndarray[Any, Any]


def bit_array(bits: Array) -> dict[str, Any]:
    """Encode the shots of one register as a ``BitArray``.

    Args:
        bits: Zeros and ones of shape ``(..., shots, bits)``, bit 0 first.
    """
    width = bits.shape[-1]
    # Most significant bit first, left-padded to whole bytes.
    padding = np.zeros((*bits.shape[:-1], -width % 8), dtype=np.uint8)
    ordered = np.concatenate([padding, bits[..., ::-1].astype(np.uint8)], axis=-1)
    packed = np.packbits(ordered, axis=-1)
    return _typed("BitArray", {"array": arrays.to_json(packed), "num_bits": width})


def samples(bits: Array) -> dict[str, Any]:
    """Encode the shots of one register as nested lists of hexadecimal strings."""
    width = bits.shape[-1]
    flat = bits.reshape(-1, width)
    keys = ["".join(map(str, row[::-1])) or "0" for row in flat.tolist()]
    numbers = np.array([hex(int(key, 2)) for key in keys], dtype=object).reshape(bits.shape[:-1])
    return {"samples": numbers.tolist(), "num_bits": width}


def sampler_pub(
    registers: dict[str, Array], shape: tuple[int, ...], notes: dict[str, Any], *, typed: bool
) -> dict[str, Any]:
    """Encode the result of a sampler PUB, given the bits of each register."""
    if not typed:
        data = {name: samples(bits) for name, bits in registers.items()}
        return {"data": data, "metadata": notes}
    fields = {name: bit_array(bits) for name, bits in registers.items()}
    types = ["BitArray"] * len(fields)
    return _typed("SamplerPubResult", {"data": _bin(fields, types, shape), "metadata": notes})


def estimator_pub(
    fields: dict[str, Array], shape: tuple[int, ...], notes: dict[str, Any], *, typed: bool
) -> dict[str, Any]:
    """Encode the result of an estimator PUB."""
    if not typed:
        return {"data": {name: its.tolist() for name, its in fields.items()}, "metadata": notes}
    members = {name: arrays.to_json(its) for name, its in fields.items()}
    types = ["numpy.ndarray"] * len(members)
    return _typed("PubResult", {"data": _bin(members, types, shape), "metadata": notes})


def whole(pubs: list[dict[str, Any]], notes: dict[str, Any], *, typed: bool) -> dict[str, Any]:
    """Encode the result of a job."""
    if not typed:
        return {"results": pubs, "metadata": notes}
    return _typed("PrimitiveResult", {"pub_results": pubs, "metadata": notes})


def spans(start: str, stop: str, shapes: list[tuple[tuple[int, ...], int]]) -> dict[str, Any]:
    """Encode the execution spans of a job that ran in a single span.

    Args:
        start: ISO 8601 time.
        stop: ISO 8601 time.
        shapes: Shape and shots of each PUB.
    """
    slices = {
        str(number): [[*shape, shots], 0, int(np.prod(shape, dtype=int)), 0, shots]
        for number, (shape, shots) in enumerate(shapes)
    }
    span = {
        "start": _typed("datetime", start),
        "stop": _typed("datetime", stop),
        "data_slices": slices,
    }
    return _typed("ExecutionSpans", {"spans": [_typed("DoubleSliceSpan", span)]})


def _bin(fields: dict[str, Any], types: list[str], shape: tuple[int, ...]) -> dict[str, Any]:
    value = {"field_names": list(fields), "field_types": types, "shape": list(shape)}
    return _typed("DataBin", {**value, "fields": fields})


def _typed(name: str, value: Any) -> dict[str, Any]:
    return {"__type__": name, "__value__": value}
