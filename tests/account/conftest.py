"""Accounts and files shared by the account tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.standin import CRN

from qiskit_ibm_runtime.accounts import Account, management


@pytest.fixture
def crn() -> str:
    return CRN


@pytest.fixture
def account_file(tmp_path: Path) -> Path:
    """Path of a file in a directory, neither of which exists yet."""
    return tmp_path / "private" / "accounts.json"


@pytest.fixture
def cloud() -> Account:
    return Account("ibm_cloud", "cloud-token", instance=CRN)


@pytest.fixture
def quantum() -> Account:
    return Account("ibm_quantum", "quantum-token", instance="h/g/p")


@pytest.fixture
def default_file() -> Path:
    """The default account file, which does not exist yet."""
    return Path(management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE)
