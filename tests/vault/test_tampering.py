"""An enemy with the disk: whatever is flipped, swapped or put back, no reader ever gets a wrong value.

Single cases with their exact codes; ``tests/faults`` flips bytes and exchanges parts by the thousand.
"""

import shutil
import sqlite3
from contextlib import closing

import pytest

from palyra_kernel.errors import IntegrityError, PalyraError
from tests.support import Places, edited

SECRETS = {"a": b"first", "b": b"second", "deep/c": b"x" * 300}


@pytest.fixture
def filled(places):
    with places.create() as kernel:
        for round_ in (b"old", b""):
            kernel.vault.put_many({key: round_ + value for key, value in SECRETS.items()})
    return places


def outcome(places):
    """What a reader meets: the codes of verify or of the open that failed, and the values that came out wrong."""
    wrong = {}
    try:
        with places.open() as kernel:
            codes = {finding.code for finding in kernel.verify() if finding.severity == "error"}
            for key, value in SECRETS.items():
                try:
                    with kernel.vault.get(key) as secret:
                        if secret.reveal() != value:
                            wrong[key] = secret.reveal()
                except PalyraError as error:
                    codes.add(error.code)
    except IntegrityError as error:  # anything else fails the test: exit 8, or no effect
        codes = {error.code}
    return codes, wrong


@pytest.mark.parametrize("name", ["kernel.db", "keyring.json", "backend.kind", "objects/objects.db"])
def test_a_file_that_is_cut_or_emptied_is_found(filled, name):
    path = filled.state_root / name
    good = path.read_bytes()
    for size in (0, 1, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        codes, wrong = outcome(filled)
        assert not wrong
        assert codes or size == len(good) - 1, size  # the last byte of a text file is only a line end
        for leftover in path.parent.glob(f"{path.name}-*"):
            leftover.unlink()
        path.write_bytes(good)


def snapshot(places, to):
    shutil.copytree(places.state_root, to / "state")
    shutil.copytree(places.config_dir, to / "config")
    return Places(to)


def test_an_old_copy_of_the_records_is_refused(filled, tmp_path):
    """Old ciphertext is genuine ciphertext: a store that only authenticates what it reads accepts last year's."""
    old = filled.records_db.read_bytes()
    with filled.open() as kernel:
        kernel.vault.put("a", b"third")
    filled.records_db.write_bytes(old)
    with pytest.raises(IntegrityError) as caught:
        filled.open()
    assert (caught.value.code, caught.value.exit_code) == ("rolled_back", 8)


def test_an_old_copy_of_the_whole_state_root_is_refused(filled, tmp_path):
    old = snapshot(filled, tmp_path / "old")
    with filled.open() as kernel:
        kernel.vault.put("a", b"third")
    shutil.rmtree(filled.state_root)
    shutil.copytree(old.state_root, filled.state_root)
    with pytest.raises(IntegrityError) as caught:
        filled.open()
    assert caught.value.code == "rolled_back"


def test_a_running_process_notices_the_rollback_too(filled):
    with filled.open() as kernel:
        kernel.vault.put("a", b"third")
        with edited(filled.records_db) as database:
            rows = database.execute("SELECT key, version, value FROM records").fetchall()
            head = next(row for row in rows if row[0] == b"head")
        kernel.vault.put("a", b"fourth")
        with edited(filled.records_db) as database:
            database.execute(
                "UPDATE records SET version = ?, value = ? WHERE key = ?", (head[1], head[2], head[0])
            )
        with pytest.raises(IntegrityError) as caught:
            kernel.vault.put("a", b"fifth")
        assert caught.value.code == "rolled_back"


def test_an_old_copy_of_the_objects_is_found(filled):
    old = filled.objects_db.read_bytes()
    with filled.open() as kernel:
        kernel.vault.put("a", b"third")
    filled.objects_db.write_bytes(old)
    with filled.open() as kernel:
        with pytest.raises(IntegrityError) as caught:
            kernel.vault.get("a")
        assert caught.value.code == "blob_missing"
        assert {finding.code for finding in kernel.verify()} == {"blob_missing"}


def test_swapped_blobs_are_refused(filled):
    """A blob under another name decrypts wherever the name is not part of what is authenticated."""
    with edited(filled.objects_db) as database:
        (first, a), (second, b) = database.execute(
            "SELECT id, data FROM blobs ORDER BY id LIMIT 2"
        ).fetchall()
        database.execute("UPDATE blobs SET data = ? WHERE id = ?", (b, first))
        database.execute("UPDATE blobs SET data = ? WHERE id = ?", (a, second))
    codes, wrong = outcome(filled)
    assert "blob_replaced" in codes
    assert not wrong


def test_swapped_records_are_refused(filled):
    """Hazard S4: files were sealed without their name, so that one could be put in the place of another."""
    with edited(filled.records_db) as database:
        rows = database.execute(
            "SELECT key, version, value FROM records WHERE key > X'672F7661756C74'"
        ).fetchall()
        vault_rows = [row for row in rows if row[0].startswith(b"g/vault/")]
        (first, _, a), (second, _, b) = vault_rows[:2]
        database.execute("UPDATE records SET value = ? WHERE key = ?", (b, first))
        database.execute("UPDATE records SET value = ? WHERE key = ?", (a, second))
    codes, wrong = outcome(filled)
    assert "record_tampered" in codes
    assert not wrong


def test_a_deleted_record_is_found(filled):
    with edited(filled.records_db) as database:
        rows = [
            row[0] for row in database.execute("SELECT key FROM records") if row[0].startswith(b"g/vault/")
        ]
        database.execute("DELETE FROM records WHERE key = ?", (rows[0],))
    codes, wrong = outcome(filled)
    assert "set_tampered" in codes
    assert not wrong


def test_the_vault_of_another_is_refused(filled, tmp_path):
    """Two genuine vaults, one file of each: everything is authentic, nothing belongs together."""
    (tmp_path / "two").mkdir(mode=0o700)
    other = Places(tmp_path / "two")
    with other.create() as kernel:
        kernel.vault.put("a", b"foreign")
    for name, expected in (
        ("kernel.db", {"record_tampered"}),
        ("keyring.json", {"no_slot_opens"}),  # it asks for the key file of the other
        ("objects/objects.db", {"blob_missing", "orphans"}),
    ):
        good = (filled.state_root / name).read_bytes()
        (filled.state_root / name).write_bytes((other.state_root / name).read_bytes())
        try:
            with filled.open() as kernel:
                codes = {finding.code for finding in kernel.verify()}
        except PalyraError as error:
            codes = {error.code}
        assert codes == expected, name
        (filled.state_root / name).write_bytes(good)
    assert outcome(filled) == (set(), {})


def test_nothing_readable_lies_on_the_disk(filled):
    """Hazard S3: an index in plain JSON told every thief which accounts there are."""
    with filled.open() as kernel:
        kernel.vault.put("principal:alice/bank_password", b"correct horse", labels={"team": "payroll"})
    for path in filled.files():
        data = path.read_bytes()
        for needle in (b"correct horse", b"bank_password", b"alice", b"payroll", b"deep/c", b"second"):
            assert needle not in data, (path, needle)


def test_two_vaults_share_no_id_and_no_record_key(tmp_path):
    """Hazards D9 and S22: unsalted ids let anybody compare two vaults, or test a guess against one."""
    keys = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir(mode=0o700)
        places = Places(tmp_path / name)
        with places.create() as kernel:
            kernel.vault.put("a", b"same")
        with closing(sqlite3.connect(places.records_db)) as database:
            rows = [row[0] for row in database.execute("SELECT key FROM records")]
            keys.append({key for key in rows if key.startswith(b"g/vault/")})
        with closing(sqlite3.connect(places.objects_db)) as database:
            keys[-1] |= {row[0] for row in database.execute("SELECT id FROM blobs")}
    assert keys[0].isdisjoint(keys[1])
