"""keyring's own tests of a backend, and what it promises beyond them."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import keyring
import keyring.backend
import keyring.core
import pytest
from keyring.errors import InitError, KeyringError, KeyringLocked, PasswordDeleteError, PasswordSetError
from keyring.testing.backend import BackendBasicTests

from palyra_adapter_keyring import VaultKeyring
from palyra_kernel import Kernel
from palyra_kernel.cli.start import run
from tests.durable.processes import in_child

SERVICE = "https://upload.acme.example/legacy/"
KEY = "keyring/https_3A_2F_2Fupload.acme.example_2Flegacy_2F/__token__"


class TestVaultKeyring(BackendBasicTests):
    @pytest.fixture(autouse=True)
    def _init_properties(self, backend):
        """In place of keyring's own, which makes a backend before there is a vault."""
        self.keyring = backend
        self.credentials_created: set[tuple[str, str]] = set()
        yield
        self.cleanup()


def test_a_password_is_a_secret_that_a_reference_reads(backend, kernel):
    backend.set_password(SERVICE, "__token__", "pypi-AgEI")
    with kernel.vault.get(KEY) as secret:
        assert secret.reveal() == b"pypi-AgEI"
    kernel.vault.put(KEY, b"pypi-new")
    assert backend.get_password(SERVICE, "__token__") == "pypi-new"


@pytest.mark.parametrize("code", ["import keyring; print(keyring.get_keyring().name)"])
def test_installing_it_changes_nothing(environment, code):
    """A store that chose itself by priority took over everybody's passwords, or lost them without a word."""
    unnamed = {name: value for name, value in environment.items() if name != "PYTHON_KEYRING_BACKEND"}
    for variables, chosen in ((unnamed, False), (environment, True)):
        done = subprocess.run(
            [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
        )
        assert ("palyra" in done.stdout) is chosen, done.stdout


def test_it_is_listed_and_below_every_other():
    others = [each for each in keyring.backend.get_all_keyring() if not isinstance(each, VaultKeyring)]
    assert any(isinstance(each, VaultKeyring) for each in keyring.backend.get_all_keyring())
    assert all(VaultKeyring.priority < each.priority for each in others)
    assert not keyring.core.recommended(VaultKeyring())


def test_making_the_backend_opens_nothing(folders):
    """keyring makes one of each backend to look at it: that must neither cost anything nor fail."""
    assert VaultKeyring().name
    assert list(folders.glob("state*")) == []


def test_without_a_vault_it_says_so_and_makes_none(folders):
    backend = VaultKeyring()
    for act in (
        lambda: backend.get_password("s", "u"),
        lambda: backend.set_password("s", "u", "p"),
        lambda: backend.delete_password("s", "u"),
        lambda: backend.get_credential("s", None),
    ):
        with pytest.raises(InitError, match="palyra init"):
            act()
    assert not (folders / "state").exists()


def test_a_vault_that_needs_a_passphrase_is_locked_and_nobody_is_asked(vault_made, monkeypatch):
    """Wish 2: pip and poetry hung for ever on a keyring that wanted to be unlocked."""
    (key,) = (vault_made / "config" / "keys").iterdir()
    key.unlink()
    monkeypatch.setattr("sys.stdin", None)
    backend = VaultKeyring()
    for act in (lambda: backend.get_password("s", "u"), lambda: backend.set_password("s", "u", "p")):
        with pytest.raises(KeyringLocked):
            act()


def test_what_is_damaged_is_not_absent(backend, vault_made):
    """A damaged entry that reads as "no password" is asked for again, and the good copy is overwritten."""
    backend.set_password("s", "u", "p")
    objects = vault_made / "state" / "objects" / "objects.db"
    backend = None
    for path in objects.parent.iterdir():
        if path.name != "objects.db.lock":
            path.unlink()
    with pytest.raises(KeyringError):
        VaultKeyring().get_password("s", "u")


def test_a_value_that_is_no_text_is_an_error_without_the_value(backend, kernel):
    kernel.vault.put(KEY, b"canary\xff")
    with pytest.raises(KeyringError) as caught:
        backend.get_password(SERVICE, "__token__")
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("service", "user"), [("s" * 4_000, "u"), ("\ud800", "u")])
def test_a_name_that_cannot_be_kept_is_refused(backend, service, user):
    with pytest.raises(PasswordSetError):
        backend.set_password(service, user, "canary")


@pytest.mark.parametrize("password", ["canary" * 20_000, "canary\ud800"])
def test_a_password_that_cannot_be_kept_is_refused_and_not_shown(backend, password):
    """Hazard D7: a store cut what was too long, and said success."""
    backend.set_password("s", "u", "before")
    with pytest.raises(PasswordSetError) as caught:
        backend.set_password("s", "u", password)
    assert "canary" not in str(caught.value)
    assert backend.get_password("s", "u") == "before"


def test_an_expired_password_is_none(backend, kernel):
    kernel.vault.put(KEY, b"old", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert backend.get_password(SERVICE, "__token__") is None


def test_the_only_user_is_found_and_among_several_nobody_guesses(backend):
    backend.set_password("s", "alice", "a")
    found = backend.get_credential("s", None)
    assert (found.username, found.password) == ("alice", "a")
    backend.set_password("s", "bob", "b")
    assert backend.get_credential("s", None) is None
    backend.delete_password("s", "alice")
    assert backend.get_credential("s", None).username == "bob"


def test_a_service_that_begins_like_another_is_another(backend):
    backend.set_password("service1", "u", "1")
    backend.set_password("service", "u", "2")
    assert [account.service for account in backend.list_credentials("service")] == ["service"]
    assert backend.get_credential("service", None).password == "2"


NAMES = [
    ("https://example.org:8443/simple/", "alice@example.org"),
    ("", ""),
    ("a/b", "c"),
    ("a", "b/c"),
    ("..", "-"),
    ("Grüße aus Köln " * 40, "人" * 300),
    ("%2F" * 60, "100 %\n\x00\x7f" * 30),
    ("x" * 59, "x" * 60),
]


@pytest.mark.filterwarnings("ignore:Empty usernames")
def test_what_is_listed_is_what_was_stored(backend, kernel):
    """Hazard D11: names that are joined or cut carelessly meet, and one password overwrites the other."""
    for number, (service, username) in enumerate(NAMES):
        backend.set_password(service, username, str(number))
    assert backend.list_credentials() == sorted(NAMES)
    assert [backend.get_password(*names) for names in NAMES] == [str(number) for number in range(len(NAMES))]
    assert len(kernel.vault.list(prefix="keyring/")) == len(NAMES)
    for names in NAMES:
        backend.delete_password(*names)
    assert backend.list_credentials() == []


def test_a_secret_of_somebody_else_is_not_listed(backend, kernel):
    for key in ("keyring/one", "keyring/a/b/c", "keyring/_41/b", "keyring/-abc/b", "other/a/b"):
        kernel.vault.put(key, b"x")
    assert backend.list_credentials() == []


def test_the_command_line_shows_and_deletes_them(backend, capfd):
    backend.set_password(SERVICE, "__token__", "canary")
    assert run(["secrets", "list", "--prefix", "keyring/"]) == 0
    shown = capfd.readouterr().out
    assert KEY in shown
    assert "canary" not in shown
    assert run(["secrets", "rm", KEY, "--yes"]) == 0
    assert backend.get_password(SERVICE, "__token__") is None
    with pytest.raises(PasswordDeleteError):
        backend.delete_password(SERVICE, "__token__")


def test_many_threads_open_one_vault(backend, monkeypatch):
    opening: list[object] = []
    real = Kernel.open

    def counting():
        opening.append(None)
        return real()

    monkeypatch.setattr(Kernel, "open", counting)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: backend.set_password("s", f"u{number}", str(number)), range(64)))
        found = list(pool.map(lambda number: backend.get_password("s", f"u{number}"), range(64)))
    assert found == [str(number) for number in range(64)]
    assert len(opening) == 1


def test_a_new_root_key_does_not_end_a_process_that_goes_on(backend, kernel):
    backend.set_password("s", "u", "p")
    kernel.rekey_root()
    assert backend.get_password("s", "u") == "p"


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_it_anew(backend):
    """Hazard K2: servers load first and fork then; a connection that both use damages what they write."""
    backend.set_password("s", "u", "p")
    assert in_child(lambda: backend.get_password("s", "u")) == "p"
    assert backend.get_password("s", "u") == "p"


def test_nothing_is_logged(backend, caplog):
    caplog.set_level(logging.DEBUG)
    backend.set_password("s", "u", "canary")
    backend.get_password("s", "u")
    assert "canary" not in caplog.text


def test_looking_for_backends_does_not_load_the_kernel(environment):
    """Every program that asks keyring pays for what each backend imports."""
    code = "import sys, palyra_adapter_keyring; print([m for m in sys.modules if m.startswith('palyra_kernel.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "palyra_kernel.kernel" not in done.stdout
