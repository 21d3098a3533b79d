"""URLs of IBM Cloud services, regions of CRNs, and detection of loopback addresses."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .retired import is_platform

_REGION = re.compile(r"[a-z0-9-]+", re.ASCII | re.IGNORECASE)


def is_crn(locator: Any) -> bool:
    """Return whether the value is a cloud resource name, that is, starts with ``crn:``."""
    return isinstance(locator, str) and locator.startswith("crn:")


def crn_region(crn: str) -> str:
    """Return the region of a service instance.

    The region becomes part of the host name that receives the API key, so it may contain only
    letters, digits and hyphens.

    Raises:
        IBMInputValueError: If the CRN is incomplete or its region is not valid in a host name.
    """
    fields = crn.split(":")
    if len(fields) < 7 or not _REGION.fullmatch(fields[5]):
        raise IBMInputValueError(
            f"{crn!r} is not a complete CRN. Copy the full CRN of the service instance, of the "
            "form 'crn:v1:bluemix:public:quantum-computing:REGION:a/ACCOUNT:INSTANCE::'."
        )
    return fields[5]


def get_iam_api_url(cloud_url: str) -> str:
    """Return the URL of the IAM service of a cloud URL."""
    return _with_subdomain(_cloud(cloud_url), "iam")


def get_resource_controller_api_url(cloud_url: str) -> str:
    """Return the URL of the Resource Controller of a cloud URL."""
    return _with_subdomain(_cloud(cloud_url), "resource-controller")


def _cloud(url: str) -> str:
    """Return IBM Cloud's URL for a platform URL, and any other URL unchanged."""
    return "https://cloud.ibm.com" if is_platform(url) else url


def get_runtime_api_base_url(url: str, instance: str | None) -> str:
    """Return the base URL of the runtime API.

    Args:
        url: URL of the account.
        instance: CRN or ``hub/group/project``.

    Returns:
        For a CRN, the URL of its region. Experimental URLs, IP addresses and IBM Quantum Platform
        URLs are returned unchanged, as is ``url`` without a CRN.

    Raises:
        IBMInputValueError: If the URL depends on the region but the CRN does not name one.
    """
    if instance is None or not is_crn(instance) or "experimental" in url:
        return url
    if _is_address(urlsplit(url).hostname) or is_platform(url):
        return url.rstrip("/")
    return _with_subdomain(url, f"{crn_region(instance)}.quantum-computing")


def _with_subdomain(url: str, subdomain: str) -> str:
    parts = urlsplit(url)
    if _is_address(parts.hostname):  # a custom server: IP addresses have no subdomains
        return url.rstrip("/")
    return SplitResult(parts.scheme, f"{subdomain}.{_host_and_port(parts)}", "", "", "").geturl()


def _is_address(host: str | None) -> bool:
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port else host


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or IP address is a loopback address."""
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def leads_to_loopback(url: str) -> bool:
    """Return whether a URL points to this machine; such requests bypass proxies."""
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        return False
