"""What ``SECURITY.md`` admits is so. Whoever repairs one of these limits changes the page too."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from types import FrameType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import palyra_backend_file
from palyra_kernel import SecretError, SecretRef, SensitiveBytes, Unlock
from palyra_kernel.cli.start import run
from palyra_kernel.config import BucketConfig
from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.keys import builtin, recovery
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.slots import read_keyring
from palyra_kernel.keys.unlock import open_root
from palyra_kernel.records.seal import Sealer
from palyra_kernel.redact import redact_text
from palyra_kernel.resolve.buckets import BUCKETS, Buckets
from palyra_kernel.resolve.known_good import SCOPE, KnownGood, utc_now
from palyra_kernel.resolve.outcome import Read
from palyra_kernel.vault import envelope, epochs
from palyra_kernel.vault.index import ANCHORS, SECRETS
from palyra_kernel.vault.objects import Objects
from tests.backup.machines import Machine
from tests.support import Places, edited


def rows(places, *prefixes):
    with edited(places.records_db) as database:
        found = [StoredRecord(*row) for row in database.execute("SELECT key, version, value FROM records")]
    return [row for row in found if not prefixes or row.key.startswith(prefixes)]


def put_back(places, stored):
    with edited(places.records_db) as database:
        database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", stored)


def twice_written(places):
    """A vault with one secret, written twice; the records before the second time."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    before = rows(places)
    with places.open() as kernel:
        kernel.vault.put("a", b"new")
    return before


def copied(folder, to):
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)


def sealer_of(copy):
    """What a copy of the key files and of ``keyring.json`` opens records with."""
    document = read_keyring(copy / "keyring.json")
    protectors = {cls.kind: cls() for cls in builtin.palyra_key_protectors()}
    with open_root(document, protectors.get, Unlock(key_folder=copy / "keys")) as root:
        return Sealer(DerivedKeys(root, document.vault_id, document.epoch))


def opened_by_a_copy(places, copy):
    """How many of the present records a copy opens, and how many there are."""
    sealer = sealer_of(copy)
    present = [row for row in rows(places) if row.value is not None]
    return sum(opens(sealer, row) for row in present), len(present)


def opens(sealer, row):
    try:
        sealer.open(row)
    except IntegrityError:
        return False
    return True


@pytest.fixture
def copy(places, tmp_path):
    """A vault with a ``file`` and a recovery slot; a copy of what opens it, made before anything else; the paper."""
    text, params = recovery.generate()
    with places.create() as kernel:
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        kernel.vault.put("a", b"value")
    shutil.copytree(places.config_dir / "keys", tmp_path / "copy" / "keys")
    shutil.copy(places.state_root / "keyring.json", tmp_path / "copy")
    return tmp_path / "copy", Unlock(recovery_key=text)


def test_both_folders_are_the_vault(places, tmp_path):
    """With a ``file`` slot a thief of the disk, and any program of the same user, opens what the owner opens."""
    with places.create() as kernel:
        kernel.vault.put("a", b"value")
    copied(places.state_root, tmp_path / "thief" / "state")
    copied(places.config_dir, tmp_path / "thief" / "config")
    with Places(tmp_path / "thief").open() as kernel:
        assert kernel.vault.get("a") == b"value"


def test_an_enabled_plugin_reaches_everything(places, monkeypatch):
    """It runs inside the kernel: the keys are one look up the stack away."""
    taken = []
    real = palyra_backend_file.FileBackend.get

    def curious(self, ids, deadline):
        found = real(self, ids, deadline)
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            caller = frame.f_locals.get("self")
            if isinstance(caller, Objects):
                taken.append((dict(caller.epochs.keks), dict(found)))
            frame = frame.f_back
        return found

    monkeypatch.setattr(palyra_backend_file.FileBackend, "get", curious)
    with places.create() as kernel:
        kernel.vault.put("a", b"value")
        kernel.vault.get("a").wipe()
        vault_id = kernel.vault_id
    keks, blobs = taken[-1]
    (blob,) = blobs.values()
    assert envelope.open_envelope(blob, envelope.Binding(vault_id, "global", "a", 1), keks) == b"value"


def test_a_removed_slot_reads_on_until_the_root_key_changes(places, copy):
    """Removing a slot, and a new KEK, change nothing for whoever copied ``keyring.json`` and the key before."""
    thief, paper = copy
    with places.open(unlock=paper) as kernel:
        (slot,) = [slot for slot in kernel.slots.list() if slot.kind == "file"]
        kernel.slots.remove(slot.id, unlock=Unlock())
        kernel.rekey()
        kernel.vault.put("b", b"written later")
    opened, there = opened_by_a_copy(places, thief)
    assert opened == there
    with places.open(unlock=paper) as kernel:
        kernel.rekey_root(unlock=paper)
    assert opened_by_a_copy(places, thief)[0] == 0


def test_a_new_root_key_alone_leaves_the_kek(places, copy):
    """Whoever had the old root key has read the KEK: what is written before it is rotated opens with it."""
    thief, paper = copy
    (kek,) = rows(places, epochs.KEKS.prefix)
    keks = {1: ChaCha20Poly1305(sealer_of(thief).open(kek)[-32:])}
    with places.open() as kernel:
        kernel.rekey_root(unlock=paper)
    for rotated in (False, True):
        with places.open() as kernel:
            if rotated:
                kernel.rekey()
            metadata = kernel.vault.put("b", b"written later")
            version = kernel._index.find(metadata.ref).entry.current
            blob = kernel._objects.fetch([version.object_id])[version.object_id]
            binding = envelope.Binding(kernel.vault_id, "global", "b", version.number)
        if rotated:
            with pytest.raises(UnavailableError):
                envelope.open_envelope(blob, binding, keks)
        else:
            assert envelope.open_envelope(blob, binding, keks) == b"written later"


def test_a_snapshot_from_before_a_root_change_needs_more_than_the_key_file(places, copy, tmp_path):
    """The old key file is deleted; and the head of this machine is another root key's, so it takes consent."""
    paper = copy[1]
    copied(places.state_root, tmp_path / "snapshot")
    with places.open() as kernel:
        kernel.rekey_root(unlock=paper)
    copied(tmp_path / "snapshot", places.state_root)
    with pytest.raises(UnavailableError) as unavailable:
        places.open()
    assert unavailable.value.code == "no_slot_opens"
    with pytest.raises(IntegrityError) as caught:
        places.open(unlock=paper)
    assert caught.value.code == "head_tampered"
    with places.open(unlock=paper, consent="accept-rollback") as kernel:
        assert kernel.vault.get("a") == b"value"


def test_state_root_and_head_put_back_together_pass(places, tmp_path):
    """Nothing that this machine remembers is left to compare with."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    copied(places.state_root, tmp_path / "state.old")
    copied(places.config_dir, tmp_path / "config.old")
    with places.open() as kernel:
        kernel.vault.put("a", b"new")
    copied(tmp_path / "state.old", places.state_root)
    copied(tmp_path / "config.old", places.config_dir)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"old"
        assert kernel.verify() == []


def test_an_older_head_lets_that_much_pass(places, tmp_path):
    """Its newest slot edited, or lost in a power cut before it was synced, the head is one generation old."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    copied(places.state_root, tmp_path / "state.old")
    with places.open() as kernel:
        kernel.vault.put("a", b"new")
        newest = kernel.status().generation
    copied(tmp_path / "state.old", places.state_root)
    with pytest.raises(IntegrityError):
        places.open()
    (head,) = (places.config_dir / "heads").iterdir()
    data = bytearray(head.read_bytes())
    data[4096 * (newest % 2) + 40] ^= 1
    head.write_bytes(data)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"old"


@pytest.mark.parametrize("how", ["both records", "the entry, and the anchor's version edited"])
def test_entry_and_anchor_put_back_together_are_found_by_verify(places, tmp_path, how):
    """Get reads two records, not all: it takes both for genuine while the old envelope is there."""
    before = twice_written(places)
    put_back(places, [row for row in before if row.key.startswith(SECRETS.prefix)])
    (old,) = [row for row in before if row.key.startswith(ANCHORS.prefix)]
    if how == "both records":
        put_back(places, [old])
    else:
        with edited(places.records_db) as database:
            database.execute("UPDATE records SET version = ? WHERE key = ?", (old.version, old.key))
    text, params = recovery.generate()
    with places.open() as kernel:
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        assert kernel.vault.get("a") == b"old"
        assert {finding.code for finding in kernel.verify()} >= {"set_tampered"}
        for act, code in (
            (kernel.vault.gc, "set_tampered"),
            (lambda: kernel.backup(tmp_path / "backup", unlock=Unlock()), "set_tampered"),
            (lambda: kernel.rekey_root(unlock=Unlock(recovery_key=text)), "records_damaged"),
        ):
            with pytest.raises(IntegrityError) as caught:
                act()
            assert caught.value.code == code


def test_whoever_only_reads_notices_no_rollback(places):
    """The head is compared at each opening and before each commit; a get would pay for it with a third read."""
    before = twice_written(places)
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"new"
        put_back(places, before)
        assert kernel.vault.get("a") == b"old"
        for act in (kernel.status, lambda: kernel.vault.put("a", b"newer")):
            with pytest.raises(IntegrityError) as caught:
                act()
            assert caught.value.code == "rolled_back"


def test_a_list_does_not_look_at_anchors(places):
    """It shows an entry as it lies there; whoever then reads the secret is refused."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old", labels={"team": "one"})
    before = rows(places, SECRETS.prefix)
    with places.open() as kernel:
        kernel.vault.put("a", b"new", labels={"team": "two"})
    put_back(places, before)
    with places.open() as kernel:
        assert [dict(item.labels) for item in kernel.vault.list()] == [{"team": "one"}]
        with pytest.raises(IntegrityError):
            kernel.vault.get("a")
        assert {finding.code for finding in kernel.verify()} >= {"set_tampered"}


def test_each_machine_knows_only_what_it_saw_itself(places, tmp_path):
    """A server can show an old state to a machine that never saw the new one."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    copied(places.state_root, tmp_path / "state.old")
    copied(places.config_dir, tmp_path / "second" / "config")
    with places.open() as kernel:
        kernel.vault.put("a", b"new")
    copied(tmp_path / "state.old", tmp_path / "second" / "state")
    with Places(tmp_path / "second").open() as second:
        assert second.vault.get("a") == b"old"
    copied(tmp_path / "state.old", places.state_root)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "rolled_back"


def test_what_lies_open_beside_the_seals(places):
    """How many secrets, which of them share a scope, in which order they were written last, and how long values are."""
    lengths = {"principal:alice/a": 10, "principal:alice/b": 100, "principal:bob/c": 1_000}
    with places.create() as kernel:
        for ref, length in lengths.items():
            kernel.vault.put(ref, bytes(length))
        kernel.vault.put("principal:alice/a", bytes(10))
    entries = rows(places, SECRETS.prefix)
    scopes = [row.key[len(SECRETS.prefix) :][:16] for row in entries]
    assert sorted(scopes.count(scope) for scope in set(scopes)) == [1, 2]
    order = [row.version for row in entries]
    assert len(set(order)) == len(order) == 3
    with edited(places.objects_db) as database:
        sizes = [size for (size,) in database.execute("SELECT length(data) FROM blobs ORDER BY rowid")]
    assert [size - length for size, length in zip(sizes, (*lengths.values(), 10), strict=True)] == [240] * 4


def test_a_reference_reaches_every_key_of_the_vault(places):
    """Nothing asks yet who resolves: whoever writes a reference chooses any scope, another principal's too."""
    with places.create() as kernel:
        kernel.vault.put("principal:alice/token", b"value")
        with kernel.resolver.resolve("vault://principal:alice/token") as outcome:
            assert outcome.unwrap() == b"value"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exec source")
def test_a_command_reads_the_vault_by_itself(places):
    """It is a program of the same user: its environment is cleared, its files are not."""
    with places.create() as kernel:
        kernel.vault.put("a", b"value")
    flags = ["--state-root", str(places.state_root), "--config-dir", str(places.config_dir)]
    assert run([*flags, "plugins", "enable", "file"]) == 0
    palyra = [sys.executable, "-m", "palyra_kernel.cli", *flags, "secrets", "get", "a", "--reveal"]
    command = ["/bin/sh", "-c", 'exec "$0" "$@"', *palyra]
    settings = "[sources.exec]\nenabled = true\n[sources.exec.commands.x]\ntimeout_ms = 20_000\n"
    settings += f"command = {json.dumps(command)}\n"
    (places.config_dir / "palyra.toml").write_text(settings, "utf-8")
    with places.open() as kernel, kernel.resolver.resolve("exec://x") as outcome:
        assert outcome.unwrap() == b"value"


def test_a_restored_backup_brings_a_last_known_good_value_back(tmp_path):
    """What was removed because the source said "missing" answers again, until it is as old as its reference allows."""
    here, elsewhere, now = Machine(tmp_path / "a"), Machine(tmp_path / "b"), utc_now()
    sheet = here.make()
    ref = SecretRef.parse({"ref": "acme://x", "max_stale_seconds": 3600})
    down, gone = (SecretError(kind=kind, code="x", message="") for kind in ("io", "missing"))

    def judged(kernel, answer, later=0):
        kept = KnownGood(kernel.vault, lambda _: "name", lambda: now + timedelta(seconds=later))
        return kept.judged(ref, Read(answer, 0, "source", now)).origin

    with here.places.open() as kernel:
        judged(kernel, SensitiveBytes(b"revoked since"))
    here.backup()
    with here.places.open() as kernel:
        judged(kernel, gone)
        assert judged(kernel, down) == "source"
    elsewhere.restore(here.file, sheet)
    with elsewhere.open(sheet) as kernel:
        assert judged(kernel, down) == "last_known_good"
        assert judged(kernel, down, later=7200) == "source"


def test_a_last_known_good_value_that_nobody_asks_for_stays_in_the_vault(places):
    """Sealed, answering nobody: of a reference that was changed or removed, or under the names of an old root key."""
    with places.create() as kernel:
        for name in ("first", "changed"):
            kept = KnownGood(kernel.vault, lambda _, name=name: name)  # type: ignore[misc]
            ref = SecretRef.parse({"ref": "acme://x", "max_stale_seconds": 1})
            kept.judged(ref, Read(SensitiveBytes(b"value"), 0, "source", utc_now()))
        assert {item.ref.key for item in kernel.vault.list(SCOPE)} == {
            "known_good/changed",
            "known_good/first",
        }


def test_a_bucket_that_is_put_back_is_full_again(places):
    """No set-hash guards it: whoever writes the state root makes us call a provider more often than we may."""
    with places.create() as kernel:
        buckets = Buckets(kernel._records, {}, BucketConfig(burst=5, per_minute=0.01))
        buckets.take("acme")
        before = rows(places, BUCKETS.prefix)
        for _ in range(4):
            buckets.take("acme")
        assert buckets.take("acme") > 0
        put_back(places, before)
        assert buckets.take("acme") == 0
        assert kernel.verify() == []


def test_redaction_knows_a_whole_value_while_it_lives():
    """Not what was wiped, cut, or read as a number."""
    secret = SensitiveBytes(b"48151623425")
    shown = ["48151623425", "4815162", "number 48_151_623_425"]
    assert [redact_text(text) for text in shown] == ["<redacted>", *shown[1:]]
    secret.wipe()
    assert redact_text("48151623425") == "48151623425"
