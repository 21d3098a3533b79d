"""JSON encoder and decoder for circuits, arrays and other objects that JSON cannot represent.

Use ``json.dumps(value, cls=RuntimeEncoder)`` and ``json.loads(text, cls=RuntimeDecoder)``.
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
    """Encode a string as UTF-8 and base64."""
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
