"""Base URLs of the platform's services, and the environment variables that override them."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.addresses import is_loopback
from qiskit_ibm_runtime.utils.utils import crn_region, is_crn

API_VERSION = "2026-04-15"
API_VERSION_VARIABLE = "QISKIT_IBM_PLATFORM_API_VERSION"
_CLOUD, _TEST_CLOUD = "cloud.ibm.com", "test.cloud.ibm.com"
_DEFAULT_REGION = "us-east"  # its hosts have no region prefix


def api_version() -> str:
    """Return the API version to request."""
    return os.environ.get(API_VERSION_VARIABLE) or API_VERSION


def api_url(url: str | None, crn: str | None, *, private: bool = False) -> str:
    """Return the base URL of the runtime API for an instance.

    Args:
        url: URL of the account: IBM Cloud's, or the platform's own.
        crn: CRN of the instance.
        private: Whether to use the private network of IBM Cloud.

    Raises:
        IBMInputValueError: If it is unsafe to send a token to the URL, or the region of the
            instance is needed but unknown.
    """
    given = (url or f"https://{_CLOUD}").rstrip("/")
    parts = urlsplit(given)
    host = (parts.hostname or "").lower()
    if host not in (_CLOUD, _TEST_CLOUD):
        is_platform = host.endswith(f".quantum.{_CLOUD}") or host == f"quantum.{_CLOUD}"
        return _require_secure_url(
            f"{given}/api/v1" if is_platform and not parts.path else given, "url"
        )
    if host == _TEST_CLOUD:
        return f"https://quantum.{_TEST_CLOUD}/api/v1"
    if not is_crn(crn):
        raise IBMInputValueError(
            "Cannot choose a region without a service instance. Give the CRN of one as `instance`."
        )
    region = crn_region(str(crn)).lower()
    if private:
        return f"https://private.{region}.quantum.{_CLOUD}/api/v1"
    prefix = "" if region == _DEFAULT_REGION else f"{region}."
    return f"https://{prefix}quantum.{_CLOUD}/api/v1"


def iam_url(url: str | None, crn: str | None, *, private: bool = False) -> str:
    """Return the base URL of IAM, which exchanges API keys for tokens."""
    given = os.environ.get("IAM_URL")
    if given:
        given = given.rstrip("/")
        return _require_secure_url(
            given[: -len("/identity/token")] if given.endswith("/token") else given, "IAM_URL"
        )
    staging = is_crn(crn) and str(crn).split(":")[2:3] == ["staging"]
    if staging or urlsplit(url or "").hostname == _TEST_CLOUD:
        return f"https://iam.{_TEST_CLOUD}"
    return f"https://{'private.' if private else ''}iam.{_CLOUD}"


def search_url() -> str:
    """Return the base URL of Global Search, which finds the resources of an account."""
    return _url_from_environment("GLOBAL_SEARCH_URL", f"https://api.global-search-tagging.{_CLOUD}")


def catalog_url() -> str:
    """Return the base URL of the Global Catalog, which describes plans."""
    return _url_from_environment("GLOBAL_CATALOG_URL", f"https://globalcatalog.{_CLOUD}/api/v1")


def controller_url() -> str:
    """Return the base URL of the Resource Controller, which lists the instances of an account."""
    return _url_from_environment("RESOURCE_CONTROLLER_URL", f"https://resource-controller.{_CLOUD}")


def _url_from_environment(variable: str, otherwise: str) -> str:
    return _require_secure_url((os.environ.get(variable) or otherwise).rstrip("/"), variable)


def _require_secure_url(url: str, name: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return url
    raise IBMInputValueError(
        f"{name} is {url!r}. Use an https URL: tokens are sent over http only to this machine."
    )
