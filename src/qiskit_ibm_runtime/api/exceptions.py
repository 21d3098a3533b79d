"""Errors of the network layers.

    IBMError
     └ ApiError
        ├ RequestsApiError                  a REST request failed
        │   └ AuthenticationLicenseError    … because a licence waits to be accepted
        ├ ApiIBMProtocolError
        ├ UserTimeoutExceededError
        └ WebsocketError
            ├ WebsocketAuthenticationError
            ├ WebsocketIBMProtocolError
            ├ WebsocketRetryableError
            └ WebsocketTimeoutError

A 401 becomes :class:`~qiskit_ibm_runtime.exceptions.IBMNotAuthorizedError`; both kinds carry a
:class:`Failure`, so what is known about a failed request survives whatever it is translated to.
"""

from __future__ import annotations
