"""A certificate that a server makes for itself."""

from __future__ import annotations

import atexit
import ipaddress
import os
import shutil
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import GeneralName

_NAMES = ("localhost", "*.localhost", "127.0.0.1", "::1")
_DAYS = 365


def self_signed(data: Path | None, names: Sequence[str]) -> tuple[Path, Path]:
    """The files of a self-signed certificate and of its key.

    Clients give the first to ``verify``. It is kept in the data folder and made again when it has
    run out or lacks a name.

    Args:
        data: The data folder; a temporary one if not given.
        names: Host names and addresses, beside those of the loopback interface.

    Raises:
        SettingsError: If the library that makes certificates is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            "A library that makes certificates is not installed: pip install cryptography"
        ) from error
    folder = (data or _temporary_folder()) / "tls"
    wanted = list(dict.fromkeys([*_NAMES, *names]))
    files = folder / "certificate.pem", folder / "key.pem"
    if not _still_good(files[0], wanted):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(files, wanted)
    return files


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp("-qiskit-runtime-tls"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _still_good(certificate: Path, names: Sequence[str]) -> bool:
    from cryptography import x509

    if not certificate.is_file():
        return False
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    return set(map(_name, names)) <= set(held) and tomorrow < found.not_valid_after_utc


def _make(files: tuple[Path, Path], names: Sequence[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Qiskit embedded runtime")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=False)
        # Its own authority, so that a client can name it as the one to trust.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(
        files[1],
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(files[0], certificate.public_bytes(serialization.Encoding.PEM))


def _name(text: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _write(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
