"""Instances: description, usage, and discovery by Global Search and Global Catalog.

All are served from the same address. IAM tokens and the Resource Controller are shared with the
classic protocol.
"""

from typing import Any

from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.settings import Instance

from . import models

DISCOVERY, INSTANCES = Routes(), Routes()
PLANS = {
    "open": ("850b0e2c-0000-4000-8000-000000000001", "Open", "free"),
    "pay-as-you-go": ("850b0e2c-0000-4000-8000-000000000002", "Pay-as-you-go", "paygo"),
    "flex": ("850b0e2c-0000-4000-8000-000000000003", "Flex", "subscription"),
    "premium": ("850b0e2c-0000-4000-8000-000000000004", "Premium", "subscription"),
}
"""ID, display name and pricing type of each plan."""
_LIMITS = {"open": 600}
_UNLIMITED = 10**6
_PERIOD = {"start_time": "2026-01-01T00:00:00.000Z", "end_time": "2027-01-01T00:00:00.000Z"}


async def search(call: Call, query: models.SearchQuery, body: models.Search) -> dict[str, Any]:
    """Search for service instances."""
    call.require_iam_token()
    wanted = "quantum-computing" in body.query or "*" in body.query
    instances = call.runtime.settings.services if wanted and not body.search_cursor else ()
    plan_id = PLANS[call.runtime.settings.plan][0]
    return {"items": [_found(one, plan_id) for one in instances], "limit": query.limit}


async def plan(call: Call) -> dict[str, Any]:
    """Describe a plan."""
    call.require_iam_token()
    asked = call.request.url.path.rstrip("/").rpartition("/")[2]
    plan_id, name, price = next(one for one in PLANS.values() if one[0] == asked)
    return {
        "id": plan_id,
        "name": name.lower(),
        "kind": "plan",
        "overview_ui": {"en": {"display_name": name, "description": name}},
        "metadata": {"pricing": {"type": price}},
    }


def _found(instance: Instance, plan_id: str) -> dict[str, Any]:
    return {
        "crn": instance.key,
        "name": instance.name,
        "service_plan_unique_id": plan_id,
        "tags": [],
        "doc": {"extensions": [{"name": "allocation", "backends": list(instance.devices or ())}]},
    }


DISCOVERY("POST", "/v3/resources/search", errors=(401,), is_public=True)(search)
for _plan_id, _, _ in PLANS.values():
    # GLOBAL_CATALOG_URL may or may not include the usual /api/v1.
    for _root in ("", "/api/v1"):
        DISCOVERY("GET", f"{_root}/{_plan_id}", errors=(401,), is_public=True)(plan)


@INSTANCES("GET", "/instances/usage")
async def used(call: Call) -> dict[str, Any]:
    """Return the usage of an instance; nothing is charged here."""
    instance, plan = call.runtime.instance(call.caller, None), call.runtime.settings.plan
    limit = _LIMITS.get(plan, _UNLIMITED)
    return {
        "instance_id": instance.key,
        "plan_id": PLANS[plan][0],
        "usage_consumed_seconds": 0,
        "usage_remaining_seconds": limit,
        "usage_limit_seconds": limit,
        "usage_allocation_seconds": limit,
        "usage_limit_reached": False,
        "usage_period": _PERIOD,
    }


@INSTANCES("GET", "/instance")
async def described(call: Call) -> dict[str, str]:
    """Describe an instance."""
    instance = call.runtime.instance(call.caller, None)
    _, plan, price = PLANS[call.runtime.settings.plan]
    where = {"name": instance.name, "crn": instance.key}
    return {**where, "plan": plan.lower(), "pricing_type": price}
