"""IBM Cloud access tokens for an API key, renewed before they expire."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.clients.auth import LoginSource
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.exceptions import IBMError, IBMNotAuthorizedError

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession

logger = logging.getLogger(__name__)
TOKEN_PATH = "/identity/token"  # noqa: S105  # a path, not a secret
# Fraction of a token's lifetime after which to renew it.
RENEWED_AFTER = 0.8
_DEFAULT_LIFETIME = 3600.0  # seconds


class IamLogin:
    """Exchange API keys for access tokens.

    Args:
        session: Session to the IAM service.
    """

    def __init__(self, session: RetrySession) -> None:
        self._session = session
        self.lifetime = _DEFAULT_LIFETIME

    def login(self, api_key: str) -> dict[str, Any]:
        """Return a token under ``id``, and set :attr:`lifetime` to its lifetime in seconds.

        Raises:
            IBMNotAuthorizedError: If the API key is rejected.
            RequestsApiError: If the request fails.
        """
        form = {
            "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
            "apikey": api_key,
            "response_type": "cloud_iam",
        }
        where = self._session.base_url
        try:
            # Idempotent: a second token for the same key is harmless.
            response = self._session.request("POST", TOKEN_PATH, data=form, idempotent=True)
            answer = response.json()
        except (RequestsApiError, IBMNotAuthorizedError) as exc:
            if getattr(exc, "status_code", 401) not in (400, 401, 403):
                raise
            raise IBMNotAuthorizedError(
                f"{where} rejected the API key. Create one at https://cloud.ibm.com/iam/apikeys; "
                f"tokens of the retired channel 'ibm_quantum' do not work. {exc.message}",
                failure=exc.failure,
            ) from None
        except ValueError:
            answer = None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise ApiIBMProtocolError(f"{where} returned no access token for the API key.")
        keep_secret(token, answer.get("refresh_token"))
        self.lifetime = _lifetime(token, answer)
        return {"id": token}


def _lifetime(token: str, answer: dict[str, Any]) -> float:
    """Return the lifetime of a token in seconds, from the response or else the token."""
    seconds = answer.get("expires_in")
    if not isinstance(seconds, (int, float)) or seconds <= 0:
        claims = _claims(token)
        try:
            seconds = float(claims["exp"]) - float(claims["iat"])
        except (KeyError, TypeError, ValueError):
            return _DEFAULT_LIFETIME
    return float(seconds) if seconds > 0 else _DEFAULT_LIFETIME


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


class IamTokens(LoginSource):
    """Access token shared by all threads, renewed at 80% of its lifetime or when rejected."""

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, login: IamLogin, api_key: str) -> None:
        self._iam = login
        self._renew_at = self._ends_at = float("inf")
        super().__init__(login, api_key)  # type: ignore[arg-type]  # uses only `login`

    def current(self) -> str:
        """Return the current token, renewing it first if it is about to expire."""
        token = super().current()
        if self.clock() < self._renew_at:
            return token
        try:
            return self.renew(token)
        except IBMError as exc:
            if self.clock() >= self._ends_at:
                raise
            logger.warning(
                "Could not renew the access token, which is still valid: %s", exc.message
            )
            return token

    def _log_in(self) -> str:
        began = self.clock()
        token = super()._log_in()
        self._renew_at = began + RENEWED_AFTER * self._iam.lifetime
        self._ends_at = began + self._iam.lifetime
        return token

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in ("_iam", "_renew_at", "_ends_at")}
        return {**super().__getstate__(), **kept}
