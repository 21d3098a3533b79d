"""JSON with typed wrappers for what JSON cannot express.

``json.dumps(value, cls=RuntimeEncoder)`` and ``json.loads(text, cls=RuntimeDecoder)`` are the two
doors; what happens to each kind of object is written down in :mod:`.codecs`.
"""

from __future__ import annotations

from importlib.util import find_spec

from qiskit_ibm_runtime._codecs.decoding import HAS_AER, RuntimeDecoder
from qiskit_ibm_runtime._codecs.encoding import RuntimeEncoder
from qiskit_ibm_runtime._codecs.packing import pack
from qiskit_ibm_runtime._codecs.settings import register_settings_class
from qiskit_ibm_runtime.exceptions import DecodeError

HAS_SCIPY = find_spec("scipy") is not None


def to_base64_string(data: str) -> str:
    """Return the base64 text of a string's UTF-8 bytes."""
    return pack(data.encode(), compress=False)


__all__ = [
    "HAS_AER",
    "HAS_SCIPY",
    "DecodeError",
    "RuntimeDecoder",
    "RuntimeEncoder",
    "register_settings_class",
    "to_base64_string",
]
