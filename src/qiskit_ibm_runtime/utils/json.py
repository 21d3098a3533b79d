"""JSON with typed wrappers for what JSON cannot express.

``json.dumps(value, cls=RuntimeEncoder)`` and ``json.loads(text, cls=RuntimeDecoder)`` are the two
doors; what happens to each kind of object is written down in :mod:`.codecs`.
"""

from __future__ import annotations

import json
from copy import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .codecs.budget import one_budget
from .codecs.circuits import one_payload
from .codecs.decoding import HAS_AER, Payload, from_json_value
from .codecs.encoding import to_json_value
from .codecs.errors import DecodeError
from .codecs.long_values import Insertions, extract
from .codecs.packing import pack
from .codecs.refusals import with_plain_keys
from .codecs.settings import register_settings_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .codecs.long_values import Extract

HAS_SCIPY = find_spec("scipy") is not None


def to_base64_string(data: str) -> str:
    """Return the base64 text of a string's UTF-8 bytes."""
    return pack(data.encode(), compress=False)


class RuntimeEncoder(json.JSONEncoder):
    """Encodes circuits, operators, arrays and more.

    A circuit object that stands several times in a payload is encoded once. What cannot travel
    raises a ``TypeError`` that says where in the value it stands.

    .. code-block:: python

        import json
        import numpy as np
        from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

        text = json.dumps({"angles": np.arange(3)}, cls=RuntimeEncoder)
        assert json.loads(text, cls=RuntimeDecoder)["angles"].tolist() == [0, 1, 2]
    """

    def default(self, obj: Any) -> Any:
        """Return what JSON can express for an object it cannot."""
        return to_json_value(obj)

    def encode(self, o: Any) -> str:
        """Return a value as text.

        Raises:
            TypeError: If part of it cannot travel; the text names the path to it.
            ValueError: If it holds itself.
        """
        # Whoever derives from this encoder may look at what `default` returns.
        ours = type(self) is RuntimeEncoder and "default" not in vars(self)
        write = self._with_long_values_last if ours else super().encode
        with one_payload():
            try:
                return write(o)
            except TypeError:
                return super().encode(with_plain_keys(o, self.default))

    def _with_long_values_last(self, value: Any) -> str:
        insertions, writer = Insertions(), copy(self)
        # An encoder may be at work in several threads: only this copy leaves texts out.
        vars(writer)["default"] = lambda obj: insertions.take_out(to_json_value(obj))
        written = insertions.put_in(super(RuntimeEncoder, writer).encode(value))
        return super().encode(value) if written is None else written

    def iterencode(self, o: Any, _one_shot: bool = False) -> Iterator[str]:
        """Yield a value as pieces of text."""
        if _one_shot:
            return super().iterencode(o, _one_shot)
        return iter([self.encode(o)])


class RuntimeDecoder(json.JSONDecoder):
    """Decodes what :class:`RuntimeEncoder` encoded.

    Only objects of an allow-list are built (see :mod:`.codecs.settings`), no text is evaluated and
    nothing is imported because a payload names it. A payload may make only so much of little: 1 GiB
    more than it holds by inflating, 262,144 qubits and parameters that its bytes do not name (see
    :mod:`.codecs.budget`).

    .. code-block:: python

        import json
        from qiskit_ibm_runtime import RuntimeDecoder

        text = '{"__type__": "complex", "__value__": [1, 2]}'
        assert json.loads(text, cls=RuntimeDecoder) == 1 + 2j

    Raises:
        DecodeError: If part of a payload is damaged, too large or not allowed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._payload = Payload()
        self._extracts: dict[Any, Extract] = {}
        super().__init__(*args, object_hook=self.object_hook, **kwargs)

    def decode(self, s: str, *args: Any) -> Any:
        """Return what a text holds."""
        self._payload = Payload()
        try:
            with one_budget():
                return self._decode(s, *args)
        except RecursionError:
            raise DecodeError("A payload is nested too deeply.") from None
        except (DecodeError, json.JSONDecodeError):
            raise
        except ValueError as exc:  # Python's limit on the digits of an integer
            raise DecodeError(f"A payload cannot be read: {exc}.") from None

    def _decode(self, payload: str, *args: Any) -> Any:
        text, self._extracts = extract(payload)
        try:
            return super().decode(text, *args)
        except json.JSONDecodeError:
            if not self._extracts:
                raise
        finally:
            self._extracts = {}
        # The error should name a place in the payload, not in what was left of it.
        return super().decode(payload, *args)

    def object_hook(self, obj: Any) -> Any:
        """Return the object behind a typed wrapper; other objects as they are."""
        if self._extracts:
            self._fill_in(obj)
        return from_json_value(obj, self._payload)

    def _fill_in(self, obj: dict[str, Any]) -> None:
        """Put a long value in the place of its mark; arrays are read without a copy of it."""
        value = obj.get("__value__")
        found = self._extracts.get(value) if isinstance(value, str) else None
        if found is not None:
            obj["__value__"] = found if obj.get("__type__") == "ndarray" else str(found)


__all__ = [
    "HAS_AER",
    "HAS_SCIPY",
    "DecodeError",
    "RuntimeDecoder",
    "RuntimeEncoder",
    "register_settings_class",
    "to_base64_string",
]
