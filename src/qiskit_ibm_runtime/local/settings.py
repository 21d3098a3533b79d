"""How a server is set up: values, their defaults, and the TOML file that may hold them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import FaultError, Faults

if TYPE_CHECKING:
    from collections.abc import Mapping

_HGP = re.compile(r"^[^/\s]+/[^/\s]+/[^/\s]+$")
_NAMED_TOKEN = re.compile(r"^([A-Za-z][\w.-]{0,31}):(.+)$")
_LOG_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
DEFAULT_USER = "local"
DEFAULT_CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:embedded::"


class SettingsError(ValueError):
    """A setting that the server cannot work with."""


@dataclass(frozen=True)
class User:
    """Who may call, and by what token or API key."""

    name: str
    token: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> User:
        """Read ``TOKEN`` or ``NAME:TOKEN``; tokens without a name belong to one user."""
        named = _NAMED_TOKEN.match(text)
        name, token = named.groups() if named else (DEFAULT_USER, text)
        if not token.strip():
            raise SettingsError("A token must not be empty.")
        return cls(name, token)


@dataclass(frozen=True)
class Instance:
    """One hub/group/project or one cloud service, and the backends in it (``None``: all)."""

    name: str
    devices: tuple[str, ...] | None = None
    crn: str | None = None

    @property
    def key(self) -> str:
        """What jobs remember: ``hub/group/project`` or the CRN."""
        return self.crn or self.name


def hub(name: str, devices: tuple[str, ...] | None = None) -> Instance:
    """An instance of the quantum face."""
    if not _HGP.match(name):
        raise SettingsError(f"A hub is written hub/group/project, not {name!r}.")
    return Instance(name, devices)


def cloud_service(name: str, crn: str, devices: tuple[str, ...] | None = None) -> Instance:
    """An instance of the cloud face."""
    if not crn.startswith("crn:") or len(crn.split(":")) < 8 or not crn.split(":")[5]:
        raise SettingsError(f"A CRN names its region in the sixth field; {crn!r} does not.")
    return Instance(name, devices, crn)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; each field is a key of the TOML file, too."""

    host: str = "127.0.0.1"
    port: int = 0
    path_prefix: str = ""
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_self_signed: bool = False
    data: Path | None = None
    users: tuple[User, ...] = ()
    hubs: tuple[Instance, ...] = (Instance("ibm-q/open/main"),)
    services: tuple[Instance, ...] = (Instance("embedded", None, DEFAULT_CRN),)
    devices: tuple[str, ...] | None = None
    workers: int = 2
    executor: str = "process"
    scheduler: str | None = None
    worker_memory: int | None = None
    faults: Faults | None = None
    uploads: bool = True
    minimum_execution_time: int = 1
    session_hours: float = 8.0
    session_idle_seconds: float = 60.0
    access_token_seconds: int = 1_209_600
    retention_days: float | None = None
    largest_inputs: int = 64 * 2**20
    largest_program: int = 750 * 2**10
    grace_seconds: float = 10.0
    log_level: str = "INFO"

    def __post_init__(self) -> None:
        if self.path_prefix and not re.match(r"^(/[\w.~-]+)+$", self.path_prefix):
            raise SettingsError(
                f"A path prefix looks like /gateway/runtime, not {self.path_prefix!r}."
            )
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError("A TLS certificate and its key are given together.")
        if not self.hubs:
            raise SettingsError("At least one hub/group/project is needed.")
        if self.log_level.upper() not in _LOG_LEVELS:
            raise SettingsError(
                f"The log level is one of {', '.join(_LOG_LEVELS)}, not {self.log_level!r}."
            )
        if self.workers < 1:
            raise SettingsError("At least one worker is needed.")

    @staticmethod
    def values(
        raw: Mapping[str, Any], folder: Path | None = None, origin: str = ""
    ) -> dict[str, Any]:
        """Turn what a TOML file may hold into values of the fields.

        Args:
            raw: Settings in the form of the file.
            folder: What relative paths start from; the working folder by default.
            origin: Whose settings they are, for errors.

        Raises:
            SettingsError: If one is unknown or not of the documented form.
        """
        base = folder or Path()
        return {_known(key, origin): _value(key, value, base) for key, value in raw.items()}

    @property
    def tls(self) -> bool:
        """Whether the server speaks TLS."""
        return self.tls_self_signed or self.tls_cert is not None


def read_toml(path: Path) -> dict[str, Any]:
    """Read the settings of a TOML file.

    Raises:
        SettingsError: If the file cannot be read, or names what is no setting.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings of {path} cannot be read: {error}") from error
    return Settings.values(raw, path.parent, f" of {path}")


def read_faults(source: Any) -> Faults:
    """Read a description of faults: JSON text, a file with it, or what it stands for.

    Raises:
        SettingsError: If it cannot be understood.
    """
    try:
        return Faults.read(source)
    except FaultError as error:
        raise SettingsError(str(error)) from error


def _known(key: str, origin: str) -> str:
    names = {one.name for one in fields(Settings)}
    if key not in names:
        raise SettingsError(
            f"The setting {key!r}{origin} is unknown; there are {', '.join(sorted(names))}."
        )
    return key


def _value(key: str, value: Any, folder: Path) -> Any:
    try:
        if key == "users":
            return tuple(
                User.parse(one) if isinstance(one, str) else User(one["name"], one["token"])
                for one in value
            )
        if key == "hubs":
            return tuple(
                hub(one) if isinstance(one, str) else hub(one["name"], _devices(one))
                for one in value
            )
        if key == "services":
            return tuple(cloud_service(one["name"], one["crn"], _devices(one)) for one in value)
        if key in ("devices", "allowed_hosts"):
            return tuple(map(str, value))
        if key in ("data", "tls_cert", "tls_key"):
            return folder / value
        if key == "faults":
            return read_faults(folder / value if isinstance(value, str) else value)
    except (KeyError, TypeError) as error:
        raise SettingsError(f"The setting {key!r} is not of the documented form.") from error
    return value


def _devices(table: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(map(str, table["devices"])) if "devices" in table else None
