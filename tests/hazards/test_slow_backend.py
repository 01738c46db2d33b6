"""A backend that does not answer stops who asked it, and nobody else."""

import threading

from palyra_kernel import BlobPlace
from palyra_kernel.testing import MemoryBackend
from tests.support import VAULT_ID, Parts

PATIENCE = 45


class Waiting(MemoryBackend):
    """Stores a large blob only when it is allowed to."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.asked, self.allowed = threading.Event(), threading.Event()

    def put(self, blobs, deadline):
        if any(len(blob) > 1000 for blob in blobs.values()):
            self.asked.set()
            assert self.allowed.wait(PATIENCE)
        super().put(blobs, deadline)


def test_others_go_on_while_a_backend_thinks(tmp_path):
    """Hazard K7: the programs of an operating system ran inside the lock; a prompt that nobody answered froze the
    whole vault. (That a call ends at its deadline: `tests/plugins/test_plugin_guard.py`.)"""
    backend = Waiting.open(BlobPlace(folder=tmp_path, vault_id=VAULT_ID))
    vault = Parts(tmp_path / "heads", backend=backend).vault
    vault.put("a", b"1")
    done: list[int] = []
    slow = threading.Thread(target=lambda: done.append(vault.put("slow", b"x" * 2000).version), daemon=True)
    slow.start()
    assert backend.asked.wait(PATIENCE)
    assert vault.get("a") == b"1"
    assert vault.put("a", b"2").version == 2
    assert vault.delete("a")
    assert [each.ref.key for each in vault.list()] == []
    assert not done
    backend.allowed.set()
    slow.join(PATIENCE)
    assert done == [1]
    assert vault.get("slow") == b"x" * 2000
