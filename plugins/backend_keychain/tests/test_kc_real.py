"""On macOS itself, in a keychain that own_keychain.sh made."""

import pytest

from palyra_backend_keychain import KeychainBackend, KeychainProtector, _native
from palyra_kernel import SensitiveBytes, SlotContext, UnavailableError, Unlock
from palyra_kernel.testing import BlobBackendContract
from tests.mac import own
from tests.mac.contracts import SlotContract

pytestmark = pytest.mark.real

KEY = b"k" * 32


@pytest.mark.timeout(300)
class TestBackend(BlobBackendContract):
    many = 60
    processes = 4
    shared_store = True

    @pytest.fixture
    def backend(self, real, place):
        return KeychainBackend.open(place)


@pytest.mark.timeout(300)
class TestProtector(SlotContract):
    flips = 30

    @pytest.fixture
    def keychain(self, real):
        return None

    def lock(self):
        own.lock()

    def put(self, service, account, data):
        assert _native.update(service, account, data) == 0


@pytest.fixture
def backend(real, place):
    return KeychainBackend.open(place)


@pytest.mark.parametrize("size", [451, 566, 116_984, 2 * 1024 * 1024])
def test_sizes_that_a_prompt_would_cut(backend, soon, size):
    """Hazard U16: the program of macOS reads a value from a prompt that is cut at 128 characters or so; the smallest
    envelope of a vault elsewhere had 451. Equal bytes, up to our own maximum."""
    blob_id, blob = "0" * 32, (bytes(range(256)) * (size // 256 + 1))[:size]
    assert size <= backend.capabilities().max_blob_bytes
    backend.put({blob_id: blob}, soon)
    assert backend.get([blob_id], soon) == {blob_id: blob}


def test_a_locked_keychain_is_locked_and_never_empty(backend, soon):
    """Hazard D8: locked and absent looked alike elsewhere. Nobody is asked: this test has nobody who could answer."""
    blob_id = "0" * 32
    backend.put({blob_id: b"blob"}, soon)
    own.lock()
    for call in (
        lambda: backend.get([blob_id], soon),
        lambda: backend.get(["1" * 32], soon),
        lambda: backend.put({"1" * 32: b"blob"}, soon),
        lambda: backend.list(None, 10),
        backend.probe,
    ):
        with pytest.raises(UnavailableError) as caught:
            call()
        assert caught.value.code == "locked"
    assert "locked" in str(KeychainProtector().available())
    own.unlock()
    assert backend.get([blob_id], soon) == {blob_id: b"blob"}


def test_a_slot_that_is_wrapped_again_has_one_item(real):
    """It was changed in place: SecItemUpdate answers as we think it does."""
    context = SlotContext(vault_id="e" * 32, slot_id="0" * 8, kind="keychain", params={})
    protector, key = KeychainProtector(), SensitiveBytes(KEY)
    protector.wrap(key, context, Unlock())
    slot = protector.wrap(key, context, Unlock())
    assert _native.items("palyra.key." + "e" * 32) == (0, [("palyra.key." + "e" * 32, "0" * 8)])
    assert protector.unwrap(slot, context, Unlock()) == KEY
    protector.forget(slot, context, Unlock())
    assert _native.items("palyra.key." + "e" * 32) == (-25300, [])
