"""An index record that was put back, added or taken away on its own: noticed by whoever reads the secret."""

import pytest

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.records import Change
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.vault.index import ANCHORS, SECRETS
from tests.support import edited


def row(database, prefix):
    return database.execute(
        "SELECT key, version, value FROM records WHERE key >= ? AND key < ?", (prefix, prefix[:-1] + b"0")
    ).fetchone()


def put_back(database, stored):
    database.execute("INSERT OR REPLACE INTO records (key, version, value) VALUES (?, ?, ?)", stored)


def refused(places, code):
    with places.open() as kernel:
        with pytest.raises(IntegrityError) as caught:
            kernel.vault.get("a")
        assert caught.value.code == code
        assert {finding.code for finding in kernel.verify()} >= {"set_tampered"}
        with pytest.raises(IntegrityError):
            kernel.vault.put("a", b"three")


@pytest.mark.parametrize("namespace", [SECRETS, ANCHORS])
def test_a_record_put_back_to_an_older_state_is_refused(places, namespace):
    """Hazard S3: an older index record replayed on its own gave the old value, and nobody noticed."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
    with edited(places.records_db) as database:
        old = row(database, namespace.prefix)
    with places.open() as kernel:
        kernel.vault.put("a", b"two")
    with edited(places.records_db) as database:
        put_back(database, old)
    refused(places, "entry_rolled_back")


@pytest.mark.parametrize("namespace", [SECRETS, ANCHORS])
@pytest.mark.parametrize(
    "how", ["DELETE FROM records WHERE key = ?", "UPDATE records SET value = NULL WHERE key = ?"]
)
def test_a_record_taken_away_is_refused(places, namespace, how):
    """Hazard S3: a deleted index record made the secret vanish, as if it had never been."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
    with edited(places.records_db) as database:
        database.execute(how, (row(database, namespace.prefix)[0],))
    refused(places, "entry_rolled_back")


@pytest.mark.parametrize("namespace", [SECRETS, ANCHORS])
def test_a_reader_that_knows_a_record_still_looks_at_what_is_there(places, namespace):
    """Hazard S3: a cache of what was opened once answered for a record that was put back or altered later."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
        assert kernel.vault.get("a") == b"one"
        with edited(places.records_db) as database:
            old = row(database, namespace.prefix)
        kernel.vault.put("a", b"two")
        assert kernel.vault.get("a") == b"two"
        with edited(places.records_db) as database:
            new = row(database, namespace.prefix)
            put_back(database, old)
        with pytest.raises(IntegrityError) as caught:
            kernel.vault.get("a")
        assert caught.value.code == "entry_rolled_back"
        with edited(places.records_db) as database:
            put_back(database, new)
        assert kernel.vault.get("a") == b"two"


def test_a_reader_that_knows_an_entry_refuses_it_altered(places):
    """Hazard S3: the same, for one bit."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
        assert kernel.vault.get("a") == b"one"
        with edited(places.records_db) as database:
            key, version, value = row(database, SECRETS.prefix)
            put_back(database, (key, version, value[:-1] + bytes([value[-1] ^ 1])))
        with pytest.raises(IntegrityError) as caught:
            kernel.vault.get("a")
        assert caught.value.code == "record_tampered"


def test_a_destroyed_secret_does_not_come_back(places):
    """Hazard D4: what was deleted came back from what had been left of it."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
    with edited(places.records_db) as database:
        old = row(database, SECRETS.prefix)
    with places.open() as kernel:
        kernel.vault.destroy("a")
        with pytest.raises(NotFoundError):
            kernel.vault.get("a")
    with edited(places.records_db) as database:
        put_back(database, old)
    refused(places, "entry_rolled_back")


def test_an_entry_without_an_anchor_gets_one_when_it_is_written(parts):
    """Vaults from before there were anchors open, and are protected from the next write on."""
    parts.vault.put("a", b"one")
    found = parts.index.find(VaultRef.parse("a"))
    key = SECRETS.prefix + found.suffix
    document = parts.records.read(key).document.replace(b'"format":2', b'"format":1')
    change = Change()
    change.put(key, document)
    change.delete(ANCHORS.prefix + found.suffix)
    parts.records.commit(change)
    parts.store.purge([ANCHORS.prefix + found.suffix])
    assert parts.vault.get("a") == b"one"
    parts.vault.put("a", b"two")
    versions = [parts.records.read(each.prefix + found.suffix).version for each in (SECRETS, ANCHORS)]
    assert versions[0] == versions[1]
