"""Handwritten payloads that no encoder would produce."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from qiskit_ibm_runtime.utils.json import RuntimeDecoder


def decode(value: Any) -> Any:
    return json.loads(json.dumps(value), cls=RuntimeDecoder)


def tagged(tag: str, value: Any, **others: Any) -> dict[str, Any]:
    return {"__type__": tag, "__value__": value, **others}


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()
