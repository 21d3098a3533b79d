"""Why a stream is closed."""

from __future__ import annotations

import enum

NORMAL_CLOSURE = 1000


class WebsocketClientCloseCode(enum.IntEnum):
    """Why the client ends a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4
