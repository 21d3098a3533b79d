"""Base class of REST adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError
from qiskit_ibm_runtime.api.http.errors import shortened

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


T = TypeVar("T")


class RestAdapterBase:
    """A REST resource with a path prefix."""

    URL_MAP: dict[str, str] = {}

    def __init__(self, session: RetrySession, prefix_url: str = "") -> None:
        self.session = session
        self.prefix_url = prefix_url

    def get_url(self, identifier: str) -> str:
        """Return the path of an endpoint of this resource."""
        return f"{self.prefix_url}{self.URL_MAP[identifier]}"

    def _get_json(
        self, identifier: str, shape: type[T], nullable: bool = False, **request: Any
    ) -> T:
        """Fetch an endpoint and read its JSON; see :func:`read_json`."""
        response = self.session.get(self.get_url(identifier), **request)
        return read_json(response, shape, nullable=nullable)

    def _get_text(self, identifier: str) -> str:
        """Fetch an endpoint and decode it as UTF-8, regardless of the headers.

        If the headers name no encoding, ``requests`` guesses one, which is slow and unreliable.
        """
        content: bytes = self.session.get(self.get_url(identifier)).content
        return content.decode("utf-8", "replace")


def segment(text: str) -> str:
    """Quote a name or id as one path segment."""
    return quote(str(text), safe="")


def read_json(response: Any, shape: type[T], *, nullable: bool = False) -> T:
    """Read the JSON of a successful response.

    Args:
        response: The response.
        shape: Type of the decoded JSON.
        nullable: Whether the JSON may be null, which is returned as an empty ``shape``.

    Raises:
        ApiIBMProtocolError: If the response is not JSON, for example the sign-on page of a
            network, or JSON of another type.
    """
    try:
        data = response.json()
    except (ValueError, RecursionError):
        # Raise below, outside of the handler: the decoder's error contains the whole body.
        kind = response.headers.get("Content-Type", "no type")
        found = f"is not JSON but {shortened(kind, 200)}: {shortened(response.text, 200)!r}"
    else:
        if isinstance(data, shape):
            return data
        if data is None and nullable:
            return shape()
        found = f"has type {type(data).__name__} instead of {shape.__name__}"
    raise ApiIBMProtocolError(
        f"The response to {response.request.method} {shortened(response.url)} {found}. Check the "
        "URL of the service, and whether a proxy or a sign-on page responds in its place."
    )


def records(answer: dict[str, Any], name: str, *texts: str) -> list[dict[str, Any]]:
    """Read the records of a page.

    Args:
        answer: The page.
        name: Key of the records; a page may lack it.
        texts: Keys with string values that each record must have.

    Raises:
        ApiIBMProtocolError: If the page or a record has an unknown format.
    """
    found = entry(answer, name, list, [])
    for record in found:
        if not isinstance(record, dict):
            raise ApiIBMProtocolError(
                f"The service returned {name!r} in an unknown format: expected objects, got "
                f"{type(record).__name__}."
            )
        for text in texts:
            entry(record, text, str)
    return found


def entry(data: dict[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """Read one entry of a response; the default applies if it is missing or null.

    Raises:
        ApiIBMProtocolError: If the entry has another type, or is missing without a default.
    """
    value = data.get(name)
    if value is None:
        value = default
    if isinstance(value, kind):
        return value
    raise ApiIBMProtocolError(
        f"The response of the service has an invalid {name!r}: expected {kind.__name__}, got "
        f"{type(data.get(name)).__name__}."
    )


def check_job(record: dict[str, Any]) -> None:
    """Validate the fields of a job record that the client relies on.

    Raises:
        ApiIBMProtocolError: If a field is of the wrong type.
    """
    entry(entry(record, "program", dict, {}), "id", str, "")
    entry(record, "tags", list, [])
    for text in ("backend", "hub", "group", "project", "session_id", "created", "runtime"):
        entry(record, text, str, "")


def is_last_page(records: list[Any], count: Any, offset: int, *, news: bool) -> bool:
    """Return whether a page is the last one of a listing.

    Args:
        records: Records of the page.
        count: The service's record count, which may count only the page.
        offset: Number of records read so far.
        news: Whether the page contains new records; services that ignore the offset return the
            same page repeatedly.
    """
    if news:
        return False
    more = isinstance(count, int) and count > offset
    return not (records and more)
