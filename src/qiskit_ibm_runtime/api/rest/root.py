"""Adapter of the login, user and network API of the quantum channel."""

from __future__ import annotations

from typing import Any

from .base import RestAdapterBase, read_json


class Api(RestAdapterBase):
    """Endpoints outside the runtime API."""

    URL_MAP = {
        "login": "/users/loginWithToken",
        "user_info": "/users/me",
        "hubs": "/Network",
        "version": "/version",
        "bookings": "/Network/bookings/v2",
    }

    def version(self) -> dict[str, Any]:
        """Return the versions of the service; ``new_api`` is false if the response is not JSON."""
        response = self.session.get(self.get_url("version"))
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            return {"new_api": False}
        return {**answer, "new_api": True}

    def login(self, api_token: str) -> dict[str, Any]:
        """Exchange the API token for an access token."""
        response = self.session.request(
            "POST", self.get_url("login"), json={"apiToken": api_token}, idempotent=True
        )
        return read_json(response, dict)

    def user_info(self) -> dict[str, Any]:
        """Return the user and the URLs of the services."""
        return self._get_json("user_info", dict)

    def hubs(self) -> list[dict[str, Any]]:
        """Return the hubs with their groups and projects."""
        return self._get_json("hubs", list)

    def reservations(self) -> list[Any]:
        """Return the reservations of the user."""
        return self._get_json("bookings", list)
