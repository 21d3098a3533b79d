"""The account file: a JSON object that maps names to accounts.

Changes are atomic: the new content is written to a temporary file, which then replaces the account
file. A lock excludes concurrent changes by other processes and threads. Unknown entries of the file
are preserved.
"""

from __future__ import annotations

import configparser
import glob
import json
import logging
import os
import stat
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .exceptions import AccountAlreadyExistsError, InvalidAccountError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

Content = dict[str, Any]

_warned_of: set[Path] = set()  # warn once per file and process


def save_config(filename: str, name: str, config: Content, overwrite: bool) -> None:
    """Save an account.

    Args:
        filename: The account file; it and its directory are created if they do not exist.
        name: Name of the account.
        config: The account in saved format.
        overwrite: Whether to replace an existing account with the same name.

    Raises:
        AccountAlreadyExistsError: If the account exists and ``overwrite`` is false.
        InvalidAccountError: If the file is damaged; it is not changed.
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
        filename: The account file; a missing file is treated as empty.
        name: Name of the account to return; all accounts by default.

    Returns:
        The whole content, or the named account (``None`` if it does not exist).

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
        Whether the account existed.

    Raises:
        InvalidAccountError: If the file is damaged; it is not changed.
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
        The values of section ``ibmq``, else of the first section with a token; empty if there is
        no such section or no file.

    Raises:
        InvalidAccountError: If the file does not follow the INI format.
    """
    path = locate(qiskitrc_config_file)
    # Without interpolation, as a token may contain percent signs.
    rc_file = configparser.ConfigParser(interpolation=None)
    try:
        rc_file.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError) as exc:
        # The message of a parser error contains the line, which may contain the token.
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
        InvalidAccountError: If the file is damaged; it is not changed.
    """
    path = locate(filename)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusive(path.with_name(f"{path.name}.lock")):
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
        f"The account file {path} does not contain a JSON object. It was not changed. Repair it, "
        "or move it away and save your accounts again."
    )


def _write(path: Path, content: Content) -> None:
    """Replace the file atomically; the caller holds the lock."""
    prefix = f".{path.name}."
    for left_over in path.parent.glob(f"{glob.escape(prefix)}*.tmp"):
        left_over.unlink()
    # mkstemp creates the file with mode 0600, before the tokens are written.
    descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
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


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a path; blocks until it is available.

    The operating system releases the lock when the process ends. The lock file is not deleted, as
    two processes could then lock different files of the same name.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor)
        try:
            yield
        finally:
            _release(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _acquire(descriptor: int) -> None:
        import msvcrt

        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError:  # LK_LOCK gives up after ten seconds
                continue
            return

    def _release(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _acquire(descriptor: int) -> None:
        import fcntl

        # flock belongs to the open file, not to the process: threads exclude each other, too.
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _release(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
