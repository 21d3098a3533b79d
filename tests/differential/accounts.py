"""Saving, listing, finding and deleting accounts."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from tests.differential.calls import DICT, FLAG, TEXT, Place, each
from tests.differential.record import Calls
from tests.standin import CRN

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.accounts import Account, AccountManager

NAMES = ("token", "url", "instance", "channel", "auth", "name")


def _saved(**given: Any) -> Any:
    """Save an account in a new file, and return the content of the file."""
    path = Path(tempfile.mkdtemp()) / "accounts.json"
    fields = {"token": "t", "channel": "ibm_quantum", "filename": str(path), **given}
    QiskitRuntimeService.save_account(**fields)
    return json.loads(path.read_text())


def saving(place: Place) -> Calls:
    """Save accounts with odd arguments, one at a time."""
    yield "quantum", _saved
    yield "cloud", partial(_saved, channel="ibm_cloud", instance=CRN)
    on_cloud = partial(_saved, channel="ibm_cloud", instance=CRN)
    for save, label in ((_saved, "quantum"), (on_cloud, "cloud")):
        steps = [each(save, TEXT, *NAMES), each(save, FLAG, "verify", "overwrite")]
        for step, call in chain(*steps, each(save, DICT, "proxies")):
            yield f"{label} {step}", call
    for auth in ("legacy", "cloud"):
        yield f"auth {auth}", partial(_saved, channel=None, auth=auth, instance=CRN)
    for instance in ("h/g/p", "h/g", "crn:1", CRN, "name"):
        for channel in ("ibm_quantum", "ibm_cloud"):
            name = f"instance {instance} {channel}"
            yield name, partial(_saved, channel=channel, instance=instance)
    for proxies in ({"urls": {"https": "http://x:1"}}, {"urls": 1}, {"foo": 1}):
        yield f"proxies {proxies}", partial(_saved, proxies=proxies)

    def twice(**given: Any) -> Any:
        path = str(Path(tempfile.mkdtemp()) / "accounts.json")
        _saved(filename=path)
        return _saved(filename=path, **given)

    yield "twice", twice
    yield "overwritten", partial(twice, overwrite=True, token="other")
    yield "second name", partial(twice, name="second")


def _filled(content: Any = None) -> str:
    """Return the path of a file with accounts."""
    path = Path(tempfile.mkdtemp()) / "accounts.json"
    quantum = {"channel": "ibm_quantum", "token": "t1", "url": "https://x", "verify": False}
    accounts = {
        "default-ibm-quantum": quantum,
        "default-ibm-cloud": {"channel": "ibm_cloud", "token": "t2", "instance": CRN},
        "mine": {**quantum, "instance": "h/g/p", "proxies": {"urls": {"https": "http://x:1"}}},
    }
    path.write_text(json.dumps(accounts if content is None else content))
    return str(path)


def finding(place: Place) -> Calls:
    """List and delete saved accounts with odd arguments, one at a time."""

    def listed(**given: Any) -> Any:
        return QiskitRuntimeService.saved_accounts(filename=_filled(), **given)

    def deleted(**given: Any) -> Any:
        return QiskitRuntimeService.delete_account(filename=_filled(), **given)

    yield "all", listed
    steps = [each(listed, FLAG, "default"), each(listed, TEXT, "auth", "channel", "name")]
    for step, call in chain(*steps):
        yield f"list {step}", call
    for channel in ("ibm_quantum", "ibm_cloud"):
        for default in (True, False, None):
            name = f"{channel} {default}"
            yield name, partial(listed, channel=channel, default=default)
    yield "mine", partial(listed, name="mine")
    yield "mine on cloud", partial(listed, name="mine", channel="ibm_cloud")
    yield "no file", lambda: QiskitRuntimeService.saved_accounts(filename="/nowhere/accounts.json")
    yield "delete", deleted
    for step, call in each(deleted, TEXT, "name", "auth", "channel"):
        yield f"delete {step}", call
    yield "delete mine", partial(deleted, name="mine")
    for channel in ("ibm_quantum", "ibm_cloud"):
        yield f"delete {channel}", partial(deleted, channel=channel)
    old = {"default-legacy": {"auth": "legacy", "token": "t", "url": "https://x"}}
    old["default-cloud"] = {"auth": "cloud", "token": "t", "instance": CRN}
    yield "old file", lambda: QiskitRuntimeService.saved_accounts(filename=_filled(old))
    yield "empty file", lambda: QiskitRuntimeService.saved_accounts(filename=_filled({}))


def _read(saved: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an account that 0.9.3 has too."""
    fields = vars(Account.from_saved_format(saved))
    return {name: value for name, value in fields.items() if name != "preferences"}


def managing(place: Place) -> Calls:
    """Call the classes that the service uses."""

    def made(**given: Any) -> Any:
        return vars(Account("ibm_quantum", "t", **given))

    yield from each(made, TEXT, "url", "instance")
    yield from each(made, FLAG, "verify")
    for channel in ("ibm_quantum", "ibm_cloud"):
        fields = {"channel": channel, "token": "t", "instance": CRN}
        yield f"saved {channel}", lambda fields=fields: Account(**fields).to_saved_format()
        yield f"read {channel}", lambda fields=fields: _read(fields)
        yield (
            f"headers {channel}",
            lambda fields=fields: Account(**fields).get_auth_handler().get_headers(),
        )

    def checked(**given: Any) -> Any:
        return Account(**{"channel": "ibm_quantum", "token": "t", **given}).validate().channel

    yield from each(checked, TEXT, "channel", "token", "url", "instance")
    yield from each(checked, FLAG, "verify")
    for name in (None, "mine", "default-ibm-cloud", "nope"):
        for channel in (None, "ibm_quantum", "ibm_cloud"):
            yield (
                f"get {name} {channel}",
                lambda name=name, channel=channel: AccountManager.get(
                    _filled(), name, channel
                ).to_saved_format(),
            )


GROUPS = [saving, finding, managing]
