"""Creating a service, and its attributes."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any

from tests.differential.calls import DICT, FLAG, TEXT, Place, each
from tests.differential.record import Calls
from tests.standin import CRN

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.proxies import ProxyConfiguration


def starting(place: Place) -> Calls:
    """Create a service with odd arguments, one at a time."""

    def on_quantum(**given: Any) -> Any:
        arguments = {"channel": "ibm_quantum", "url": f"{place.url}/api", "token": "t", **given}
        return QiskitRuntimeService(**arguments).active_account()

    def on_cloud(**given: Any) -> Any:
        url = f"{place.url}/experimental"
        arguments = {"channel": "ibm_cloud", "url": url, "token": "t", "instance": CRN, **given}
        return QiskitRuntimeService(**arguments).active_account()

    names = ("channel", "auth", "token", "filename", "name", "instance")
    for label, start in (("quantum", on_quantum), ("cloud", on_cloud)):
        yield label, start
        steps = [each(start, TEXT, *names), each(start, FLAG, "verify")]
        for step, call in chain(*steps, each(start, DICT, "proxies")):
            yield f"{label} {step}", call
    for crn in ("crn:12", "crn:v1", "crn:", CRN):
        yield f"cloud {crn}", partial(on_cloud, instance=crn)


def describing(place: Place) -> Calls:
    """Read the attributes of a service."""
    for label, service in (("quantum", place.service()), ("cloud", place.cloud())):
        for name in ("channel", "auth"):
            yield f"{label} {name}", lambda service=service, name=name: getattr(service, name)
        yield f"{label} runtime", lambda service=service: service.runtime is service
        yield f"{label} account", service.active_account
        yield f"{label} repr", lambda service=service: repr(service)
        yield (
            f"{label} names",
            lambda service=service: [
                name
                for name in ("_api_client", "_client_params", "_account", "_channel", "_programs")
                if not hasattr(service, name)
            ],
        )


def parameters(place: Place) -> Calls:
    """Create client parameters and proxy configurations with unusual values."""
    for channel in ("ibm_quantum", "ibm_cloud"):
        for instance in (None, CRN, "crn:1", "h/g/p"):
            made = ClientParameters(channel, "t", "https://cloud.ibm.com", instance)
            name = f"{channel} {instance}"
            yield f"{name} headers", lambda made=made: made.get_auth_handler().get_headers()
            yield f"{name} address", made.get_runtime_api_base_url
            yield f"{name} connection", made.connection_parameters

    def proxies(**fields: Any) -> Any:
        made = ProxyConfiguration(**fields)
        made.validate()
        return made.to_dict(), sorted(made.to_request_params()), made.to_ws_params("wss://x")

    yield from each(proxies, DICT, "urls")
    yield from each(proxies, TEXT, "username_ntlm", "password_ntlm")
    for urls in ({"https": "http://u:p@x:1"}, {"http": "socks5://x:1"}, {"https": "x"}):
        yield f"proxies {urls}", partial(proxies, urls=urls)
    yield "ntlm", partial(proxies, urls={}, username_ntlm="d\\u", password_ntlm="p")


GROUPS = [starting, describing, parameters]
