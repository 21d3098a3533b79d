"""Settings of a server: fields, defaults, and the TOML file."""

# Without `from __future__ import annotations`: msgspec reads the types, also on Python 3.9.
import ipaddress
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union, get_type_hints

import msgspec
from msgspec import Meta, Struct

_HGP = re.compile(r"^[^/\s]+/[^/\s]+/[^/\s]+$")
_NAMED_TOKEN = re.compile(r"^([A-Za-z][\w.-]{0,31}):(.+)$")
_LOG_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
DEFAULT_USER = "local"
DEFAULT_CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:embedded::"
# About a century, in seconds, so that adding a duration to a time cannot overflow.
_LONGEST = 3_000_000_000

Names = tuple[str, ...]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=_LONGEST)]


class SettingsError(ValueError):
    """The settings are invalid or cannot be used."""


class User(Struct, frozen=True, forbid_unknown_fields=True):
    """User and their API token (or API key)."""

    name: str
    token: str

    def __post_init__(self) -> None:
        if not self.token.strip():
            raise SettingsError("A token must not be empty.")

    def __repr__(self) -> str:  # without the token
        return f"User(name={self.name!r})"

    @classmethod
    def parse(cls, text: str) -> "User":
        """Parse ``TOKEN`` or ``NAME:TOKEN``; tokens without a name belong to the default user."""
        named = _NAMED_TOKEN.match(text)
        name, token = named.groups() if named else (DEFAULT_USER, text)
        return cls(name, token)


class Hub(Struct, frozen=True, forbid_unknown_fields=True):
    """Instance of the quantum channel: a hub/group/project and its backends, ``None`` for all."""

    name: str
    devices: Optional[Names] = None

    def __post_init__(self) -> None:
        if not _HGP.match(self.name):
            raise SettingsError(f"Expected hub/group/project, not {self.name!r}.")

    @property
    def key(self) -> str:
        """Name that is stored with jobs."""
        return self.name


class CloudService(Struct, frozen=True, forbid_unknown_fields=True):
    """Instance of the cloud channel: name, CRN, and backends, ``None`` for all."""

    name: str
    crn: str
    devices: Optional[Names] = None

    def __post_init__(self) -> None:
        fields = self.crn.split(":")
        if fields[0] != "crn" or len(fields) < 8 or not fields[5]:
            raise SettingsError(
                "Expected a CRN of at least eight fields with the region in the sixth, not "
                f"{self.crn!r}."
            )

    @property
    def key(self) -> str:
        """CRN, which is stored with jobs."""
        return self.crn


Instance = Union[Hub, CloudService]


@dataclass(frozen=True)
class Settings:
    """Settings of a server; each field is also a key of the TOML file."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    path_prefix: str = ""
    public_url: Optional[str] = None
    allowed_hosts: Names = ()
    tls_cert: Optional[Path] = None
    tls_key: Optional[Path] = None
    data: Optional[Path] = None
    users: tuple[User, ...] = ()
    hubs: tuple[Hub, ...] = (Hub("ibm-q/open/main"),)
    services: tuple[CloudService, ...] = (CloudService("embedded", DEFAULT_CRN),)
    devices: Optional[Names] = None
    workers: Count = 2
    executor: Literal["process", "dask"] = "process"
    scheduler: Optional[str] = None
    worker_memory: Optional[Count] = None
    uploads: bool = True
    plan: Literal["open", "pay-as-you-go", "flex", "premium"] = "premium"
    result_links: bool = False
    page: bool = True
    minimum_execution_time: Annotated[int, Meta(ge=0)] = 1
    session_hours: Annotated[float, Meta(ge=0, le=_LONGEST / 3600)] = 8.0
    session_idle_seconds: Seconds = 60.0
    access_token_seconds: Count = 1_209_600
    retention_days: Optional[Annotated[float, Meta(ge=0, le=_LONGEST / 86400)]] = None
    largest_inputs: Count = 64 * 2**20
    largest_program: Count = 750 * 2**10
    grace_seconds: Seconds = 10.0
    log_level: str = "INFO"

    def __post_init__(self) -> None:
        if self.path_prefix and not re.match(r"^(/[\w.~-]+)+$", self.path_prefix):
            raise SettingsError(
                f"Expected a path prefix such as /gateway/runtime, not {self.path_prefix!r}."
            )
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError("'tls_cert' and 'tls_key' must be given together.")
        if not self.hubs:
            raise SettingsError("At least one hub/group/project is required.")
        if self.log_level.upper() not in _LOG_LEVELS:
            raise SettingsError(
                f"Unknown log level {self.log_level!r}. Choose from {', '.join(_LOG_LEVELS)}."
            )
        if self.workers < 1:
            raise SettingsError("At least one worker is required.")

    @staticmethod
    def values(
        raw: Mapping[str, Any], folder: Optional[Path] = None, origin: str = ""
    ) -> dict[str, Any]:
        """Convert settings in the form of the TOML file to field values.

        Args:
            raw: Settings in the form of the file.
            folder: Base of relative paths; the working folder by default.
            origin: Source of the settings, for error messages.

        Raises:
            SettingsError: If a setting is unknown or has an invalid value.
        """
        types = get_type_hints(Settings, include_extras=True)
        for key in raw:
            if key not in types:
                raise SettingsError(
                    f"Unknown setting {key!r}{origin}. Choose from {', '.join(sorted(types))}."
                )
        values = {}
        for key, value in raw.items():
            try:
                values[key] = _value(key, value, types[key], folder or Path())
            except (msgspec.ValidationError, SettingsError) as error:
                reason = str(error.__cause__ or error).replace("`$", f"`{key}")
                raise SettingsError(f"Invalid value for {key!r}{origin}: {reason}") from error
        return values

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None

    @property
    def is_on_loopback(self) -> bool:
        """Whether the server can be reached from this machine only."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def shows_page(self) -> bool:
        """Whether to serve the web page; its cookies must not cross a network unencrypted."""
        return self.page and (self.tls or self.is_on_loopback)


def read_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file.

    Raises:
        SettingsError: If the file cannot be read, or contains unknown or invalid settings.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings in {path} cannot be read: {error}") from error
    return Settings.values(raw, path.parent, f" in {path}")


def _value(key: str, value: Any, kind: Any, folder: Path) -> Any:
    # Users and hubs may be strings, too.
    if key == "users":
        entries = msgspec.convert(value, list[Any])
        value = [User.parse(one) if isinstance(one, str) else one for one in entries]
    elif key == "hubs":
        entries = msgspec.convert(value, list[Any])
        value = [Hub(one) if isinstance(one, str) else one for one in entries]
    converted = msgspec.convert(value, kind, dec_hook=_path)
    return folder / converted if isinstance(converted, Path) else converted


def _path(_: Any, value: Any) -> Path:
    return value if isinstance(value, Path) else Path(msgspec.convert(value, str))
