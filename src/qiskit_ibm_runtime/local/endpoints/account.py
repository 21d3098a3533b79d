"""The account side of both channels: what a client asks before it reaches the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from qiskit_ibm_runtime.local.moments import now
from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer
from qiskit_ibm_runtime.local.protocol.errors import (
    BAD_CREDENTIALS,
    LOGIN_FAILED,
    NOT_AUTHORIZED,
    Refused,
    invalid,
)

from .endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from .endpoint import Call

_API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


async def version(call: Call) -> Response:
    return JSONAnswer({"api-auth": "0.1.0", "api-app": "embedded"})


async def login(call: Call) -> Response:
    user = call.runtime.doorkeeper.user_of(call.body["apiToken"])
    if user is None:
        raise Refused(401, LOGIN_FAILED, "Login failed.")
    token = call.runtime.doorkeeper.issue(user)
    seconds = token.expires - token.issued
    return JSONAnswer({"id": token.text, "ttl": seconds, "created": now(), "userId": user.name})


async def me(call: Call) -> Response:
    base = public_url(call)
    urls = {
        "http": f"{base}/api",
        # Only the scheme: a host may contain the same letters.
        "ws": base.replace("http", "ws", 1),
        "services": {"runtime": f"{base}/runtime"},
    }
    return JSONAnswer({"id": call.caller.user, "urls": urls})


def public_url(call: Call) -> str:
    """The address under which the client reached this server, or the one that was set."""
    settings, url = call.runtime.settings, call.request.url
    return settings.public_url or f"{url.scheme}://{url.netloc}{settings.path_prefix}"


async def network(call: Call) -> Response:
    hubs: dict[str, dict[str, Any]] = {}
    for index, instance in enumerate(call.runtime.settings.hubs):
        hub, group, project = instance.name.split("/")
        projects = hubs.setdefault(hub, {}).setdefault(group, {"projects": {}})["projects"]
        projects[project] = {"isDefault": True} if index == 0 else {}
    return JSONAnswer([{"name": name, "groups": groups} for name, groups in hubs.items()])


async def iam_token(call: Call) -> Response:
    form = parse_qs(call.body.decode("utf-8", "replace"))
    if form.get("grant_type") != [_API_KEY_GRANT]:
        raise invalid(f"The grant type must be {_API_KEY_GRANT}.")
    user = call.runtime.doorkeeper.user_of(form.get("apikey", [""])[0])
    if user is None:
        # IAM itself answers 400 to a key that it does not know.
        raise Refused(400, BAD_CREDENTIALS, "Provided API key could not be found.")
    token = call.runtime.doorkeeper.issue(user)
    return JSONAnswer(
        {
            "access_token": token.text,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": token.expires - token.issued,
            "expiration": token.expires,
            "scope": "ibm openid",
        }
    )


async def resource_instances(call: Call) -> Response:
    kind, _, credential = call.request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or call.runtime.doorkeeper.user_of_access(credential) is None:
        raise Refused(401, NOT_AUTHORIZED, "A valid IAM token is required.")
    name = call.query.get("name")
    found = [
        {"crn": service.crn, "name": service.name}
        for service in call.runtime.settings.services
        if name in (None, service.name)
    ]
    return JSONAnswer({"rows_count": len(found), "next_url": None, "resources": found})


QUANTUM_ACCOUNT = [
    Endpoint(
        "GET",
        "/api/version",
        version,
        "Tell that this is an authentication address",
        {200: schemas.VERSION},
        is_open=True,
    ),
    Endpoint(
        "POST",
        "/api/users/loginWithToken",
        login,
        "Exchange an API token for an access token",
        {200: schemas.LOGIN_ANSWER, 400: schemas.ACCOUNT_ERROR, 401: schemas.ACCOUNT_ERROR},
        body=schemas.LOGIN,
        is_open=True,
    ),
    Endpoint(
        "GET",
        "/api/users/me",
        me,
        "Tell the addresses of the user's services",
        {200: schemas.USER},
    ),
    Endpoint(
        "GET",
        "/api/Network",
        network,
        "List hubs, groups and projects",
        {200: schemas.HUBS},
    ),
]

CLOUD_ACCOUNT = [
    Endpoint(
        "POST",
        "/identity/token",
        iam_token,
        "Exchange an API key for an IAM token",
        {200: schemas.IAM_TOKEN, 400: schemas.RUNTIME_ERROR},
        body=schemas.IAM_FORM,
        body_type="application/x-www-form-urlencoded",
        is_open=True,
    ),
    Endpoint(
        "GET",
        "/v2/resource_instances",
        resource_instances,
        "Find service instances by name",
        {200: schemas.RESOURCES, 401: schemas.RUNTIME_ERROR},
        query={"name": schemas.TEXT},
        is_open=True,
    ),
]
