"""Reasons for closing a stream."""

from __future__ import annotations

import enum

NORMAL_CLOSURE = 1000


class WebsocketClientCloseCode(enum.IntEnum):
    """Reason why the client closes a stream."""

    NORMAL = 1
    TIMEOUT = 2
    PROTOCOL_ERROR = 3
    CANCEL = 4
