"""A vault that opens without a question, named in the environment, and what the tests ask it."""

from __future__ import annotations

import os

import pytest

from palyra_adapter_keyring import VaultKeyring
from palyra_kernel import Kernel
from palyra_kernel.cli.start import run

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_OF_THE_PERSON = ("PIP_", "TWINE_", "KEYRING_", "PYTHON_KEYRING", "PYTHONWARNINGS")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Both folders, before there is a vault."""
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(tmp_path / "state"))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def vault_made(folders, capfd):
    """Both folders, with a vault."""
    assert run(["init"]) == 0
    capfd.readouterr()
    return folders


@pytest.fixture
def backend(vault_made):
    return VaultKeyring()


@pytest.fixture
def kernel(vault_made):
    """The same vault, opened by somebody else."""
    with Kernel.open() as opened:
        yield opened


@pytest.fixture
def environment(vault_made):
    """For programs: the vault and the backend are named, nothing else is set up."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in _PROXIES and not name.startswith(_OF_THE_PERSON)
    }
    return {**kept, "PYTHON_KEYRING_BACKEND": "palyra_adapter_keyring.VaultKeyring"}
