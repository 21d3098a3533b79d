"""Discovery of service instances, by name or by the preferences of an account."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit_ibm_runtime.accounts.exceptions import CloudResourceNameResolutionError
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.rest.base import read_json, segment
from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMError, IBMNotAuthorizedError
from qiskit_ibm_runtime.utils.utils import crn_region

from .urls import catalog_url, controller_url, search_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qiskit_ibm_runtime.api.session import RetrySession

logger = logging.getLogger(__name__)
_SEARCH = "/v3/resources/search"
_PRODUCT = "quantum-computing"
_MOST_PAGES = 100
# Cheapest first, as in IBM's current client.
_PLANS = ("free", "trial", "paygo", "paid", "subscription")


class Instance(NamedTuple):
    """A service instance of an account.

    Attributes:
        crn: Cloud resource name.
        name: Display name.
        plan_id: Catalog id of its plan.
        tags: Tags of the instance.
    """

    crn: str
    name: str
    plan_id: str
    tags: tuple[str, ...]

    @property
    def region(self) -> str:
        """Region named in the CRN; empty if there is none."""
        try:
            return crn_region(self.crn)
        except IBMError:
            return ""


class Directory:
    """Find instances with IBM Cloud's Global Search, and their plans with its catalog.

    Args:
        session_to: Opens an authenticated session to a base URL of IBM Cloud.
    """

    def __init__(self, session_to: Callable[[str], RetrySession]) -> None:
        self._session_to = session_to

    def named(self, name: str) -> Instance:
        """Return the instance with a given name.

        Raises:
            CloudResourceNameResolutionError: If no instance or several instances have the name.
        """
        try:
            everything = self.instances()
        except (IBMAccountError, RequestsApiError):
            # An API key may have permission for only one of the two services.
            everything = self._from_resource_controller(name)
        found = [each for each in everything if each.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            crns = ", ".join(each.crn for each in found)
            raise CloudResourceNameResolutionError(
                f"Several service instances are named {name!r}. Give the CRN of one instead: "
                f"{crns}."
            )
        names = ", ".join(sorted(repr(each.name) for each in everything)) or "none"
        raise CloudResourceNameResolutionError(
            f"The account has no service instance named {name!r}. Instances found: {names}. If the "
            "API key has no permission to search the account, give the CRN of the instance."
        )

    def preferred(self, wishes: Mapping[str, Any]) -> list[Instance]:
        """Return the matching instances in order of preference.

        Args:
            wishes: The account's ``region``, ``plans_preference`` and ``tags``, where set. Region
                and tags filter the instances; plans order them.

        Raises:
            IBMAccountError: If there is no matching instance.
        """
        everything = self.instances()
        found = [
            each
            for each in everything
            if wishes.get("region") in (None, each.region)
            and set(wishes.get("tags") or ()) <= set(each.tags)
        ]
        if not found:
            fits = " that matches the region and tags of the account" if everything else ""
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
            IBMAccountError: If the API key has no permission to search.
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
                        "The API key has no permission to search for service instances. Give the "
                        "CRN of one as `instance`.",
                        failure=exc.failure,
                    ) from None
                items = page.get("items")
                if not isinstance(items, list):
                    raise ApiIBMProtocolError(
                        "The search for service instances returned a malformed response."
                    )
                found += filter(None, map(_instance, items))
                following = page.get("search_cursor")
                if not items or not following or following == cursor:
                    break
                cursor = following
        return list({each.crn: each for each in found}.values())

    def _from_resource_controller(self, name: str) -> list[Instance]:
        """List the instances with a given name using the Resource Controller."""
        with self._session_to(controller_url()) as session:
            answer = session.get("/v2/resource_instances", params={"name": name})
            rows = read_json(answer, dict).get("resources")
        return [each for each in map(_instance, rows or ()) if each is not None]

    def _plan(self, plan_id: str) -> tuple[str, str]:
        """Return the name and pricing type of a plan; empty strings if unavailable."""
        try:
            with self._session_to(catalog_url()) as session:
                entry = read_json(session.get(f"/{segment(plan_id)}"), dict)
        except (RequestsApiError, IBMNotAuthorizedError, ApiIBMProtocolError) as exc:
            logger.debug("Could not fetch plan %s from the catalog: %s", plan_id, exc.message)
            return "", ""
        name = _nested_value(entry, "overview_ui", "en", "display_name")
        price = _nested_value(entry, "metadata", "pricing", "type")
        return str(name or "").lower(), str(price or "").lower()


def _nested_value(value: Any, *names: str) -> Any:
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
        return None  # not an instance of the runtime service
    tags = item.get("tags")
    return Instance(
        crn,
        str(item.get("name") or ""),
        str(item.get("service_plan_unique_id") or ""),
        tuple(map(str, tags)) if isinstance(tags, list) else (),
    )
