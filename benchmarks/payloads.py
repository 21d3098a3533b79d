"""Results of a wanted kind and size, as a service keeps them: text."""

from __future__ import annotations

import base64
import json
import zlib
from io import BytesIO


def make_result(kind: str) -> str:
    """Return a result of ``"<kind> <bytes>"``, such as ``"quasi 40000000"``; about so long."""
    name, _, size = kind.partition(" ")
    return _KINDS[name](int(size))


def _quasi_distributions(size: int) -> str:
    """What a sampler sends: bit strings of 40 qubits and numbers, 1,000 for each circuit."""
    import numpy as np

    random = np.random.default_rng(1)
    entries = [
        {
            f"{key:040b}": value
            for key, value in zip(range(start, start + 1000), random.random(1000).tolist())
        }
        for start in range(0, size // 65, 1000)
    ]
    return json.dumps({"quasi_dists": entries, "metadata": [{} for _ in entries]})


def _array(size: int) -> str:
    """Numbers that do not compress."""
    import numpy as np

    buffer = BytesIO()
    np.save(buffer, np.random.default_rng(1).random(size * 10 // 103))
    packed = base64.b64encode(zlib.compress(buffer.getvalue(), 1)).decode()
    return json.dumps({"__type__": "ndarray", "__value__": packed})


def _text(size: int) -> str:
    return json.dumps("x" * size)


_KINDS = {"quasi": _quasi_distributions, "array": _array, "text": _text}
