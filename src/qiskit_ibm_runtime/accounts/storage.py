"""The account file: a JSON object that maps names to accounts.

Whoever reads sees the file before or after a change, never half of it: a change is written beside
the file and renamed over it, while a lock keeps other processes and threads from changing it too.
What this release does not understand in the file is kept.
"""

from __future__ import annotations

import configparser
import glob
import json
import logging
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .exceptions import AccountAlreadyExistsError, InvalidAccountError
from .lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

Content = dict[str, Any]

_warned_of: set[Path] = set()  # one warning for each readable file is enough for a process


def save_config(filename: str, name: str, config: Content, overwrite: bool) -> None:
    """Save an account.

    Args:
        filename: The account file; it and its directory are made if they do not exist.
        name: Name of the account.
        config: The account in saved format.
        overwrite: Whether the account may replace one of that name.

    Raises:
        AccountAlreadyExistsError: If it may not, and there is one.
        InvalidAccountError: If the file is damaged; it is left as it is.
    """

    def add(content: Content) -> Content:
        if content.get(name) and not overwrite:
            raise AccountAlreadyExistsError(
                f"An account named {name!r} already exists in {filename}. "
                "Pass overwrite=True to replace it, or another name."
            )
        return {**content, name: config}

    change(filename, add)


def read_config(filename: str, name: str | None = None) -> Any:
    """Read the account file without changing it.

    Args:
        filename: The account file; one that does not exist counts as empty.
        name: Account to pick; all by default.

    Returns:
        The whole content, or the named account (``None`` if there is none).

    Raises:
        InvalidAccountError: If the file is damaged or cannot be read.
    """
    path = locate(filename)
    content = _read(path)
    _warn_if_others_can_read(path)
    return content if name is None else content.get(name)


def delete_config(filename: str, name: str) -> bool:
    """Delete an account.

    Args:
        filename: The account file.
        name: Name of the account.

    Returns:
        Whether there was such an account.

    Raises:
        InvalidAccountError: If the file is damaged; it is left as it is.
    """
    if name not in _read(locate(filename)):
        return False
    deleted = False

    def remove(content: Content) -> Content:
        nonlocal deleted
        deleted = name in content
        return {key: value for key, value in content.items() if key != name}

    change(filename, remove)
    return deleted


def read_qiskitrc(qiskitrc_config_file: str) -> dict[str, str]:
    """Read the configuration file of qiskit-ibmq-provider.

    Args:
        qiskitrc_config_file: The file.

    Returns:
        The texts of section ``ibmq``, else of the first section with a token; empty if there is
        none, or no file.

    Raises:
        InvalidAccountError: If the file does not follow the INI format.
    """
    path = locate(qiskitrc_config_file)
    # Without interpolation: a percent sign in a token is just that.
    rc_file = configparser.ConfigParser(interpolation=None)
    try:
        rc_file.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError) as exc:
        # The text of a parser error would show the line, which may hold the token.
        raise InvalidAccountError(
            f"The file {path} is not a usable qiskitrc file ({type(exc).__name__}). Repair it, or "
            "remove it and save the account with QiskitRuntimeService.save_account()."
        ) from None
    sections = {name: dict(rc_file[name]) for name in rc_file.sections()}
    with_token = [section for section in sections.values() if section.get("token")]
    preferred = sections.get("ibmq", {})
    return preferred if preferred.get("token") else next(iter(with_token), {})


def locate(filename: str) -> Path:
    """Resolve the path of the account file: expand ``~`` and follow links."""
    return Path(filename).expanduser().resolve()


def change(filename: str, apply: Callable[[Content], Content]) -> None:
    """Replace the content of the account file with the result of ``apply``.

    Raises:
        InvalidAccountError: If the file is damaged; it is left as it is.
    """
    path = locate(filename)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(path.with_name(f"{path.name}.lock")):
        before = _read(path)
        after = apply(before)
        if after != before:
            _write(path, after)


def _read(path: Path) -> Content:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise InvalidAccountError(
            f"The account file {path} cannot be read: {exc.strerror}."
        ) from None
    except (ValueError, RecursionError):
        raise InvalidAccountError(_damaged(path)) from None
    if not isinstance(content, dict):
        raise InvalidAccountError(_damaged(path))
    return content


def _damaged(path: Path) -> str:
    return (
        f"The account file {path} does not hold a JSON object. It was left as it is: repair it, "
        "or move it away and save your accounts again."
    )


def _write(path: Path, content: Content) -> None:
    """Replace the file atomically; the caller holds the lock."""
    beside = f".{path.name}."
    for left_over in path.parent.glob(f"{glob.escape(beside)}*.tmp"):
        left_over.unlink()
    # mkstemp makes the file with mode 0600 before it has any content.
    descriptor, temporary = tempfile.mkstemp(prefix=beside, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=4, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Flush the directory so that the rename survives a power failure; not possible on Windows."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _warn_if_others_can_read(path: Path) -> None:
    if os.name == "nt" or path in _warned_of or not path.exists():
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        _warned_of.add(path)
        logger.warning(
            "Other users of this machine can read the tokens in %s. The next save of an account "
            "makes the file private; until then use: chmod 600 %s",
            path,
            path,
        )
