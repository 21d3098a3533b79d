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


def segment(text: str) -> str:
    """Quote a name or id as one path segment."""
    return quote(str(text), safe="")


def read_text(response: Any) -> str:
    """Read the text of a successful response as UTF-8, regardless of its headers.

    Where they do not, ``requests`` would guess, byte by byte: long for a long result, and wrong.
    """
    content: bytes = response.content
    return content.decode("utf-8", "replace")


def read_json(response: Any, shape: type | tuple[type, ...] = object) -> Any:
    """Read the JSON of a successful response.

    Args:
        response: The answer.
        shape: The class, or classes, that will do.

    Raises:
        ApiIBMProtocolError: If it is no JSON, as when the sign-on page of a network answers instead
            of the service, or JSON of another shape.
    """
    try:
        data = response.json()
    except (ValueError, RecursionError):
        # The error below is raised outside: the decoder's, in its context, holds the whole body.
        kind = response.headers.get("Content-Type", "no type")
        found = f"is no JSON but {shortened(kind, 200)}: {shortened(response.text, 200)!r}"
    else:
        if isinstance(data, shape):
            return data
        wanted = shape[0] if isinstance(shape, tuple) else shape
        found = f"is {type(data).__name__} instead of {wanted.__name__}"
    raise ApiIBMProtocolError(
        f"The answer to {response.request.method} {shortened(response.url)} {found}. Check the "
        "address of the service, and whether a proxy or a sign-on page answers in its place."
    )


def records(answer: dict[str, Any], name: str, *texts: str) -> list[dict[str, Any]]:
    """Read the records of a page.

    Args:
        answer: The page.
        name: The entry that holds the records; a page may lack it.
        texts: Entries that each record must have, strings.

    Raises:
        ApiIBMProtocolError: If the page or a record has another form.
    """
    found = entry(answer, name, list, [])
    for record in found:
        if not isinstance(record, dict):
            raise ApiIBMProtocolError(
                f"The service listed {name!r} with an entry that is {type(record).__name__} "
                "instead of an object."
            )
        for text in texts:
            entry(record, text, str)
    return found


def entry(data: dict[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """Read one entry of a response; the default applies if it is missing or null.

    Raises:
        ApiIBMProtocolError: If it is of another kind, or missing without a default.
    """
    value = data.get(name)
    if value is None:
        value = default
    if isinstance(value, kind):
        return value
    raise ApiIBMProtocolError(
        f"The service answered without {name!r} in a form that can be understood: expected "
        f"{kind.__name__}, got {type(data.get(name)).__name__}."
    )


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
