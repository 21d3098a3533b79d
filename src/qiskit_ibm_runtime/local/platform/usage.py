"""Description and usage of an instance."""

from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes

from . import models
from .account import PLANS

USAGE = Routes()
_LIMITS = {"open": 600}
_UNLIMITED = 10**6
_PERIOD = {"start_time": "2026-01-01T00:00:00.000Z", "end_time": "2027-01-01T00:00:00.000Z"}


@USAGE("GET", "/instances/usage")
async def used(call: Call) -> models.InstanceUsage:
    """Return the usage of an instance; nothing is charged here."""
    instance, plan = call.runtime.instance(call.caller, None), call.runtime.settings.plan
    limit = _LIMITS.get(plan, _UNLIMITED)
    where = (instance.key, PLANS[plan][0])
    return models.InstanceUsage(*where, 0, limit, limit, limit, False, dict(_PERIOD))


@USAGE("GET", "/instance")
async def described(call: Call) -> models.Instance:
    """Describe an instance."""
    instance = call.runtime.instance(call.caller, None)
    _, plan, price = PLANS[call.runtime.settings.plan]
    return models.Instance(instance.name, instance.key, plan.lower(), price)
