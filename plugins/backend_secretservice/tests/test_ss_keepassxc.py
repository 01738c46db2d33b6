"""KeePassXC: each store and each delete takes a prompt, whether it shows one or not. A slot can live with that."""

import secrets

import pytest

from palyra_backend_secretservice import SecretServiceBackend, SecretServiceProtector
from palyra_kernel import (
    BlobPlace,
    Deadline,
    IntegrityError,
    SensitiveBytes,
    SlotContext,
    UnavailableError,
    Unlock,
)
from palyra_kernel.testing import KeyProtectorContract
from tests.desktop import new_desktop, require_desktop
from tests.keepassxc import new_keepassxc, require_keepassxc

pytestmark = pytest.mark.real

BLOB = b"\x00\xff{TITLE}\r\n"
ID = "a" * 32


@pytest.fixture(scope="module")
def shared():
    """It takes a second to start, and each test has ids of its own."""
    require_desktop()
    require_keepassxc()
    with new_desktop() as desktop, new_keepassxc(desktop) as service:
        yield service


@pytest.fixture
def keepassxc(shared, monkeypatch, _own_environment):
    """Running, and named by the environment."""
    for name, value in shared.desktop.environment.items():
        if name != "PATH":
            monkeypatch.setenv(name, value)
    shared.start()
    return shared


@pytest.fixture
def vault_id():
    return secrets.token_hex(16)


@pytest.fixture
def backend(keepassxc, tmp_path, vault_id):
    backend = SecretServiceBackend.open(BlobPlace(folder=tmp_path, vault_id=vault_id))
    yield backend
    backend.close()


def soon():
    return Deadline.after(30)


class TestSecretServiceProtectorOnKeePassXC(KeyProtectorContract):
    """The slot keeps its whole contract, for whoever allows the prompt."""

    flips = 20
    context_errors = (IntegrityError, UnavailableError)

    @pytest.fixture
    def protector(self, keepassxc):
        return SecretServiceProtector()

    @pytest.fixture
    def unlock(self):
        return Unlock(interactive=True)

    @pytest.fixture
    def bad_params(self):
        return ({"collection": "login"},)

    @pytest.fixture
    def missing_unlocks(self):
        return ()

    def test_a_missing_unlock_is_unavailable(self, keepassxc, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """It was closed: no wrong key, and the kernel goes on to the next slot."""
        keepassxc.kill()
        with pytest.raises(UnavailableError):
            protector.unwrap(slot.data, slot.context, unlock)

    def test_a_wrong_unlock_is_a_wrong_key(self, keepassxc, protector, slot, unlock):  # type: ignore[override]  # other fixtures
        """Somebody put another key in its place."""
        with keepassxc.desktop.collection() as collection:
            (item,) = collection.search_items({"slot": slot.context.slot_id})
            item.set_secret(bytes(32), "application/octet-stream")
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(slot.data, slot.context, unlock)
        assert caught.value.code == "wrong_key"

    def test_reading_takes_no_prompt(self, protector, slot, unlock):
        """Only making and removing a slot does; opening the vault does not."""
        assert len(protector.unwrap(slot.data, slot.context, Unlock())) == 32


def test_the_backend_finds_out_before_anything_depends_on_it(backend):
    """Hazard U14: the probe stores for real, so ``auto`` passes this store over, and nobody migrates to it."""
    for call in (backend.probe, lambda: backend.put({ID: BLOB}, soon())):
        with pytest.raises(UnavailableError) as caught:
            call()
        assert caught.value.code == "prompt_needed"
    assert backend.get([ID], soon()) == {}
    assert backend.list(None, 10) == []
    assert not backend.capabilities().durable


def test_what_it_said_to_have_deleted_is_in_its_recycle_bin(keepassxc, backend, vault_id):
    """Deleted does not mean gone, and stored does not mean saved: the file on the disk follows later."""
    until = soon()
    attributes = {"application": "palyra", "type": "blob", "vault": vault_id, "object": ID}
    service = backend._service
    service.run(soon(), lambda link: link.keep("Palyra: a test", attributes, BLOB, interactive=True))
    assert backend.get([ID], soon()) == {ID: BLOB}
    with pytest.raises(UnavailableError) as caught:
        backend.delete([ID], soon())
    assert caught.value.code == "prompt_needed"
    (path,) = service.run(soon(), lambda link: link.search(attributes))
    service.run(soon(), lambda link: link.delete(path, interactive=True))
    assert backend.get([ID], soon()) == {}
    backend.close()
    while "Recycle Bin/Palyra: a test" not in keepassxc.cli("ls", "-R", "-f", str(keepassxc.database)):
        until.check("waiting for the file")


def test_a_slot_is_added_with_leave_to_ask_and_opens_without(keepassxc, palyra, places):
    """The way that the page of the plugin shows."""
    assert palyra("slots", "add", "secretservice") == ("prompt_needed", 6)
    assert [slot["kind"] for slot in palyra("slots", "list")["slots"]] == ["file"]
    slot = palyra("slots", "add", "secretservice", "--interactive")["slot"]["id"]
    assert palyra("slots", "drill", slot)["opens"]
    keepassxc.kill()
    assert palyra("slots", "drill", slot) == ("no_service", 6)
    assert palyra("vault", "migrate", "--to", "secretservice", "--yes") == ("no_service", 6)
    keepassxc.start()
    assert palyra("vault", "migrate", "--to", "secretservice", "--yes") == ("prompt_needed", 6)


def test_a_key_that_is_lost_is_missing_and_not_wrong(keepassxc, vault_id):
    """It saves its file after it has answered: a kill can take the item, and the kernel goes on to the next slot."""
    context = SlotContext(vault_id=vault_id, slot_id="0" * 8, kind="secretservice", params={})
    before = keepassxc.database.read_bytes()
    slot = SecretServiceProtector().wrap(SensitiveBytes(b"k" * 32), context, Unlock(interactive=True))
    keepassxc.kill()
    keepassxc.database.write_bytes(before)  # as if it had been killed before it saved
    keepassxc.start()
    with pytest.raises(UnavailableError) as caught:
        SecretServiceProtector().unwrap(slot, context, Unlock())
    assert caught.value.code == "key_missing"
