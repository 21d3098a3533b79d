"""Where the services of the platform are, and how the environment moves them."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.addresses import is_loopback
from qiskit_ibm_runtime.utils.utils import crn_region, is_crn

API_VERSION = "2026-04-15"
API_VERSION_VARIABLE = "QISKIT_IBM_PLATFORM_API_VERSION"
_CLOUD, _TEST_CLOUD = "cloud.ibm.com", "test.cloud.ibm.com"
_CENTRAL_REGION = "us-east"  # whose address names no region


def api_version() -> str:
    """Return the version of the interface that is asked for."""
    return os.environ.get(API_VERSION_VARIABLE) or API_VERSION


def api_url(url: str | None, crn: str | None, *, private: bool = False) -> str:
    """Return the address under which devices and jobs of an instance are found.

    Args:
        url: Address of the account: that of the cloud, or of the platform itself.
        crn: The instance.
        private: Whether to go over the private network of the cloud.

    Raises:
        IBMInputValueError: If the address is not safe to send a token to, or needs the region of an
            instance and none is known.
    """
    given = (url or f"https://{_CLOUD}").rstrip("/")
    parts = urlsplit(given)
    host = (parts.hostname or "").lower()
    if host not in (_CLOUD, _TEST_CLOUD):
        its_own = host.endswith(f".quantum.{_CLOUD}") or host == f"quantum.{_CLOUD}"
        return _safe(f"{given}/api/v1" if its_own and not parts.path else given, "url")
    if host == _TEST_CLOUD:
        return f"https://quantum.{_TEST_CLOUD}/api/v1"
    if not is_crn(crn):
        raise IBMInputValueError("No service instance is known, so its region is not known either.")
    region = crn_region(str(crn)).lower()
    if private:
        return f"https://private.{region}.quantum.{_CLOUD}/api/v1"
    prefix = "" if region == _CENTRAL_REGION else f"{region}."
    return f"https://{prefix}quantum.{_CLOUD}/api/v1"


def iam_url(url: str | None, crn: str | None, *, private: bool = False) -> str:
    """Return the address of the service that gives tokens for API keys."""
    given = os.environ.get("IAM_URL")
    if given:
        given = given.rstrip("/")
        return _safe(
            given[: -len("/identity/token")] if given.endswith("/token") else given, "IAM_URL"
        )
    staging = is_crn(crn) and str(crn).split(":")[2:3] == ["staging"]
    if staging or urlsplit(url or "").hostname == _TEST_CLOUD:
        return f"https://iam.{_TEST_CLOUD}"
    return f"https://{'private.' if private else ''}iam.{_CLOUD}"


def search_url() -> str:
    """Return the address of the service that finds resources of an account."""
    return _of_environment("GLOBAL_SEARCH_URL", f"https://api.global-search-tagging.{_CLOUD}")


def catalog_url() -> str:
    """Return the address of the service that knows plans."""
    return _of_environment("GLOBAL_CATALOG_URL", f"https://globalcatalog.{_CLOUD}/api/v1")


def controller_url() -> str:
    """Return the address of the service that lists the instances of an account."""
    return _of_environment("RESOURCE_CONTROLLER_URL", f"https://resource-controller.{_CLOUD}")


def _of_environment(variable: str, otherwise: str) -> str:
    return _safe((os.environ.get(variable) or otherwise).rstrip("/"), variable)


def _safe(url: str, name: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return url
    raise IBMInputValueError(
        f"{name} is {url!r}. Tokens are sent by https only, or by http to this machine."
    )
