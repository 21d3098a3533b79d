"""Which service instance is meant by a name, or by nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit_ibm_runtime.accounts.exceptions import CloudResourceNameResolutionError
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.rest.base import read_json, segment
from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMError, IBMNotAuthorizedError
from qiskit_ibm_runtime.utils.utils import crn_region

from .addresses import catalog_url, controller_url, search_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qiskit_ibm_runtime.api.session import RetrySession

logger = logging.getLogger(__name__)
_SEARCH = "/v3/resources/search"
_PRODUCT = "quantum-computing"
_MOST_PAGES = 100
# Cheapest first, as today's official client does.
_PLANS = ("free", "trial", "paygo", "paid", "subscription")


class Instance(NamedTuple):
    """A service instance of an account.

    Attributes:
        crn: Its name for machines.
        name: Its name for people.
        plan_id: The plan it is on, by its id in the catalog.
        tags: Its tags.
    """

    crn: str
    name: str
    plan_id: str
    tags: tuple[str, ...]

    @property
    def region(self) -> str:
        """Where it is; empty if its CRN does not say."""
        try:
            return crn_region(self.crn)
        except IBMError:
            return ""


class Directory:
    """Finds instances by the search of IBM Cloud, and their plans by its catalog.

    Args:
        session_to: Makes a session to an address of the cloud, with a token.
    """

    def __init__(self, session_to: Callable[[str], RetrySession]) -> None:
        self._session_to = session_to

    def named(self, name: str) -> Instance:
        """Return the instance of a name.

        Raises:
            CloudResourceNameResolutionError: If none or several have the name.
        """
        try:
            everything = self.instances()
        except (IBMAccountError, RequestsApiError):
            everything = self._controlled(name)  # keys may have the one right without the other
        found = [each for each in everything if each.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            crns = ", ".join(each.crn for each in found)
            raise CloudResourceNameResolutionError(
                f"Several service instances are named {name!r}. Give one of their CRNs instead: "
                f"{crns}."
            )
        names = ", ".join(sorted(repr(each.name) for each in everything)) or "none at all"
        raise CloudResourceNameResolutionError(
            f"The account has no service instance named {name!r}. It has: {names}. If the API key "
            "may not search the account, give the CRN of the instance."
        )

    def preferred(self, wishes: Mapping[str, Any]) -> list[Instance]:
        """Return all instances, those first that are to be tried first.

        Args:
            wishes: ``region``, ``plans_preference`` and ``tags`` of the account, where they are
                set: only instances that fit are returned.

        Raises:
            IBMAccountError: If there is none.
        """
        everything = self.instances()
        found = [
            each
            for each in everything
            if wishes.get("region") in (None, each.region)
            and set(wishes.get("tags") or ()) <= set(each.tags)
        ]
        if not found:
            fits = " that fits the region and the tags of the account" if everything else ""
            raise IBMAccountError(
                f"The account has no service instance{fits}. Create one at "
                "https://quantum.cloud.ibm.com/instances, or give its CRN as `instance`."
            )
        if len(found) == 1:
            return found
        plans = {each.plan_id: self._plan(each.plan_id) for each in found}
        liked = [str(plan).lower() for plan in wishes.get("plans_preference") or ()]
        return sorted(found, key=lambda each: _rank(plans[each.plan_id], liked))

    def instances(self) -> list[Instance]:
        """List the quantum instances of the account.

        Raises:
            IBMAccountError: If the API key may not search it.
        """
        found: list[Instance] = []
        cursor = None
        with self._session_to(search_url()) as session:
            for _ in range(_MOST_PAGES):
                body = {
                    "query": f"service_name:{_PRODUCT}",
                    "fields": ["crn", "service_plan_unique_id", "name", "doc", "tags"],
                    **({"search_cursor": cursor} if cursor else {}),
                }
                try:
                    page = read_json(
                        session.request("POST", f"{_SEARCH}?limit=100", json=body, idempotent=True),
                        dict,
                    )
                except IBMNotAuthorizedError as exc:
                    raise IBMAccountError(
                        "The API key may not search for the service instances of its account. Give "
                        "the CRN of one as `instance`.",
                        failure=exc.failure,
                    ) from None
                items = page.get("items")
                if not isinstance(items, list):
                    raise ApiIBMProtocolError("The search for instances answered in another form.")
                found += filter(None, map(_instance, items))
                following = page.get("search_cursor")
                if not items or not following or following == cursor:
                    break
                cursor = following
        return list({each.crn: each for each in found}.values())

    def _controlled(self, name: str) -> list[Instance]:
        """List the instances of a name by the resource controller."""
        with self._session_to(controller_url()) as session:
            answer = session.get("/v2/resource_instances", params={"name": name})
            rows = read_json(answer, dict).get("resources")
        return [each for each in map(_instance, rows or ()) if each is not None]

    def _plan(self, plan_id: str) -> tuple[str, str]:
        """Return name and kind of price of a plan; empty if they cannot be had."""
        try:
            with self._session_to(catalog_url()) as session:
                entry = read_json(session.get(f"/{segment(plan_id)}"), dict)
        except (RequestsApiError, IBMNotAuthorizedError, ApiIBMProtocolError) as exc:
            logger.debug("The catalog does not tell the plan %s: %s", plan_id, exc.message)
            return "", ""
        name = _at(entry, "overview_ui", "en", "display_name")
        price = _at(entry, "metadata", "pricing", "type")
        return str(name or "").lower(), str(price or "").lower()


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _rank(plan: tuple[str, str], liked: list[str]) -> tuple[int, int]:
    name, price = plan
    wish = liked.index(name) if name in liked else len(liked)
    return wish, _PLANS.index(price) if price in _PLANS else len(_PLANS)


def _instance(item: Any) -> Instance | None:
    crn = item.get("crn") if isinstance(item, dict) else None
    if not isinstance(crn, str) or crn.split(":")[4:5] != [_PRODUCT]:
        return None
    doc = item.get("doc")
    if isinstance(doc, dict) and "extensions" not in doc:
        return None  # an instance of another kind of the product
    tags = item.get("tags")
    return Instance(
        crn,
        str(item.get("name") or ""),
        str(item.get("service_plan_unique_id") or ""),
        tuple(map(str, tags)) if isinstance(tags, list) else (),
    )
