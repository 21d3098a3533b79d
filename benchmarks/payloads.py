"""Results of a wanted kind and size, as a service keeps them: text."""

from __future__ import annotations

import json


def make_result(kind: str) -> str:
    """Return a result of ``"<kind> <bytes>"``, about so long.

    ``text`` is one string, ``array`` numbers that do not compress, and ``quasi`` what a sampler
    sends: bit strings of 40 qubits and numbers, 1,000 for each circuit.
    """
    name, _, number = kind.partition(" ")
    size = int(number)
    if name == "text":
        return json.dumps("x" * size)
    import numpy as np

    random = np.random.default_rng(1).random
    if name == "array":
        from qiskit_ibm_runtime import RuntimeEncoder

        return json.dumps(random(size * 10 // 103), cls=RuntimeEncoder)
    starts = range(0, size // 65, 1000)
    entries = [
        {f"{start + key:040b}": value for key, value in enumerate(random(1000).tolist())}
        for start in starts
    ]
    return json.dumps({"quasi_dists": entries, "metadata": [{} for _ in entries]})
