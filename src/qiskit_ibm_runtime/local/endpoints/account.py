"""Account endpoints of both channels: log-in, service URLs, and instances."""

from typing import Any

from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.protocol.responses import BAD_CREDENTIALS, LOGIN_FAILED, RequestError
from qiskit_ibm_runtime.local.server_process import installed
from qiskit_ibm_runtime.local.timestamps import now

from .endpoint import FORM, Call, Routes

ACCOUNT = Routes()


@ACCOUNT("GET", "/api/version", is_public=True)
async def version(call: Call) -> models.Version:
    """Identify this as an authentication URL and return the releases that it runs."""
    return models.Version(installed("qiskit-ibm-runtime"), installed("qiskit-terra"))


@ACCOUNT("POST", "/api/users/loginWithToken", errors=(401,), is_public=True)
async def login(call: Call, body: models.Login) -> models.LoggedIn:
    """Exchange an API token for an access token."""
    user = call.runtime.authenticator.find_user(body.api_token)
    if user is None:
        raise RequestError(401, LOGIN_FAILED, "Login failed.")
    token = call.runtime.authenticator.issue(user)
    return models.LoggedIn(token.text, token.expires - token.issued, now(), user.name)


@ACCOUNT("GET", "/api/users/me")
async def me(call: Call) -> models.User:
    """Return the URLs of the user's services."""
    base = call.public_url
    # Only the scheme, because the host may contain "http" too.
    socket = base.replace("http", "ws", 1)
    runtime = models.Services(f"{base}/runtime")
    return models.User(call.caller.user, models.Addresses(f"{base}/api", socket, runtime))


@ACCOUNT("GET", "/api/Network")
async def network(call: Call) -> list[models.Hub]:
    """List hubs, groups and projects."""
    hubs: dict[str, dict[str, Any]] = {}
    for index, instance in enumerate(call.runtime.settings.hubs):
        hub, group, project = instance.name.split("/")
        projects = hubs.setdefault(hub, {}).setdefault(group, {"projects": {}})["projects"]
        projects[project] = {"isDefault": True} if index == 0 else {}
    return [models.Hub(name, groups) for name, groups in hubs.items()]


@ACCOUNT("POST", "/identity/token", is_public=True, media_type=FORM)
async def iam_token(call: Call, body: models.IamForm) -> models.IamToken:
    """Exchange an API key for an IAM token."""
    user = call.runtime.authenticator.find_user(body.apikey)
    if user is None:
        # IAM answers an unknown key with 400.
        raise RequestError(400, BAD_CREDENTIALS, "Provided API key could not be found.")
    token = call.runtime.authenticator.issue(user)
    return models.IamToken(token.text, token.expires - token.issued, token.expires)


@ACCOUNT("GET", "/v2/resource_instances", errors=(401,), is_public=True)
async def resource_instances(call: Call, query: models.ResourceQuery) -> models.Resources:
    """Find service instances by name."""
    call.require_iam_token()
    found = [
        models.Resource(service.key, service.name)
        for service in call.runtime.settings.services
        if query.name in (None, service.name)
    ]
    return models.Resources(len(found), found)
