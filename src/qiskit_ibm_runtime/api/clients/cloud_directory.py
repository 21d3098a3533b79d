"""Service instances of a cloud account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.auth import AuthBase

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from qiskit_ibm_runtime.utils.addresses import get_iam_api_url, get_resource_controller_api_url

from .base import BaseClient

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.http.settings import HttpSettings
    from qiskit_ibm_runtime.proxies import ProxyConfiguration

TOKEN_PATH = "/identity/token"  # noqa: S105  # a path, not a secret
INSTANCES_PATH = "/v2/resource_instances"
QUANTUM_PRODUCT = "quantum-computing"
# Limit for a service whose listing never ends.
MOST_PAGES = 1000


@dataclass(frozen=True)
class ServiceInstance:
    """One Qiskit Runtime service instance of a cloud account."""

    name: str
    crn: str


class _Bearer(AuthBase):
    """Set the cloud access token on each request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, r: Any) -> Any:
        keep_secret(self._token)
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class CloudDirectory(BaseClient):
    """Find service instances by name.

    .. code-block:: python

        from qiskit_ibm_runtime.api.clients.cloud_directory import CloudDirectory

        def crns_of(name, api_key):
            directory = CloudDirectory("https://cloud.ibm.com", api_key)
            return [instance.crn for instance in directory.instances(name=name)]

    Args:
        url: URL of the cloud.
        token: API key.
        proxies: Proxies for requests to the cloud.
        verify: Whether to verify TLS certificates, or the path of a CA file to verify them with.
        http: HTTP settings of the requests.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        proxies: ProxyConfiguration | None = None,
        verify: bool | str = True,
        http: HttpSettings | None = None,
    ) -> None:
        self._url, self._token = url, token
        self._params = ClientParameters(
            "ibm_cloud", token, url, proxies=proxies, verify=verify, http=http
        )

    def instances(self, name: str | None = None) -> list[ServiceInstance]:
        """List the Qiskit Runtime instances; instances of other products are skipped.

        Args:
            name: Name of the instances; all instances by default.

        Raises:
            IBMNotAuthorizedError: If the API key is refused.
            RequestsApiError: If a request fails otherwise.
            ApiIBMProtocolError: If a response has an unknown format.
        """
        bearer = _Bearer(self._access_token())
        with self._session(get_resource_controller_api_url(self._url), bearer) as session:
            listed = _all_resources(session, {"name": name} if name else None)
        found = [_instance(resource) for resource in listed]
        wanted = [
            entry for entry in found if entry is not None and (not name or entry.name == name)
        ]
        return list(dict.fromkeys(wanted))

    def _access_token(self) -> str:
        form = {
            "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
            "apikey": self._token,
            "response_type": "cloud_iam",
        }
        keep_secret(self._token)
        with self._session(get_iam_api_url(self._url)) as session:
            try:
                answer = session.post(TOKEN_PATH, data=form).json()
            except (RequestsApiError, IBMNotAuthorizedError) as exc:
                if getattr(exc, "status_code", 401) not in (400, 401, 403):
                    raise
                raise IBMNotAuthorizedError(
                    f"{self._url} refused the API key. Check it, or create a new one. "
                    f"{exc.message}",
                    failure=exc.failure,
                ) from None
            except ValueError:
                answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise ApiIBMProtocolError(
                f"{get_iam_api_url(self._url)} returned no access token for the API key. "
                "Check the `url` of the account."
            )
        return str(answer["access_token"])

    def _session(self, base_url: str, auth: AuthBase | None = None) -> RetrySession:
        return RetrySession(base_url, **self._params.session_parameters(auth))


def _all_resources(session: RetrySession, params: dict[str, str] | None) -> list[Any]:
    resources: list[Any] = []
    path, seen = INSTANCES_PATH, set[str]()
    while path not in seen and len(seen) < MOST_PAGES:
        seen.add(path)
        try:
            page = session.get(path, params=params).json()
        except ValueError:
            page = None
        if not isinstance(page, dict) or not isinstance(page.get("resources", []), list):
            raise ApiIBMProtocolError(
                f"{session.base_url} returned the service instances in an unknown format. "
                "Check the `url` of the account."
            )
        resources += page.get("resources", [])
        following = urlsplit(page.get("next_url") or "")
        if not following.query:
            break
        # Use only the query, so that the token is not sent to a host named in a response.
        path, params = f"{INSTANCES_PATH}?{following.query}", None
    return resources


def _instance(resource: Any) -> ServiceInstance | None:
    crn = resource.get("crn") if isinstance(resource, dict) else None
    if not isinstance(crn, str) or crn.split(":")[4:5] != [QUANTUM_PRODUCT]:
        return None
    return ServiceInstance(str(resource.get("name", "")), crn)
