"""The systemd source keeps the contract: for the credentials of a service, and for encrypted ones."""

import sys
from contextlib import closing

import pytest

from palyra_kernel import SourcePlace
from palyra_kernel.testing import SecretSourceContract
from palyra_source_systemd import SystemdSource, palyra_secret_sources

if sys.platform != "linux":
    pytest.skip("systemd is for Linux", allow_module_level=True)

MALFORMED = ("/absolute", "up/../there", "..", "a:b", "a%20b", "näme", "x" * 256, "name?encrypted=yes")


def _program(folder, text):
    path = folder / "systemd-creds"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def _private(folder):
    folder.mkdir(mode=0o700)
    return folder


def _put(path, value):
    path.unlink(missing_ok=True)
    path.write_bytes(value)
    path.chmod(0o400)


def test_the_hook_offers_the_source():
    assert palyra_secret_sources() == [SystemdSource]


class TestCredentialsOfAService(SecretSourceContract):
    absent = "systemd://nothing-here"
    malformed = tuple(f"systemd://{rest}" for rest in MALFORMED)

    @pytest.fixture
    def settings(self, tmp_path):
        return {"directory": str(_private(tmp_path / "credentials"))}

    @pytest.fixture
    def source(self, settings):
        return SystemdSource.open(SourcePlace(settings=settings))

    @pytest.fixture
    def store(self, settings, tmp_path):
        def put(name, value):
            _put(tmp_path / "credentials" / name, value)
            return f"systemd://{name}"

        return put


class EncryptedRules(SecretSourceContract):
    absent = "systemd://nothing-here?from=encrypted"
    malformed = tuple(f"systemd://{rest}" for rest in ("a/b?from=encrypted", "name?from=nowhere"))
    many = 21

    @pytest.fixture
    def folder(self, tmp_path):
        return _private(tmp_path / "credstore.encrypted")

    @pytest.fixture
    def source(self, settings):
        return SystemdSource.open(SourcePlace(settings=settings))

    @pytest.fixture
    def stuck(self, settings, folder, tmp_path):
        _put(folder / "nothing-here", b"sealed")
        program = _program(_private(tmp_path / "stuck"), "exec sleep 1000")
        with closing(SystemdSource.open(SourcePlace(settings={**settings, "program": program}))) as opened:
            yield opened


class TestEncryptedByAProgram(EncryptedRules):
    """Everywhere: a program that takes 'sealed' off the front is called as ``systemd-creds`` is."""

    @pytest.fixture
    def settings(self, folder, tmp_path):
        checks = 'test "$1 ${2%=*} $3 $4 $5 $#" = "decrypt --name --newline=no - - 5" || exit 2'
        program = _program(_private(tmp_path / "bin"), f"{checks}\nexec tail -c +7")
        return {"encrypted_directories": [str(tmp_path / "absent"), str(folder)], "program": program}

    @pytest.fixture
    def store(self, folder):
        def put(name, value):
            _put(folder / name, b"sealed" + value)
            return f"systemd://{name}?from=encrypted"

        return put


@pytest.mark.real
class TestEncryptedBySystemd(EncryptedRules):
    """Where it is: the real ``systemd-creds``."""

    @pytest.fixture
    def settings(self, folder):
        return {"encrypted_directories": [str(folder)]}

    @pytest.fixture
    def store(self, folder, encrypt):
        def put(name, value):
            _put(folder / name, encrypt(name, value))
            return f"systemd://{name}?from=encrypted"

        return put
