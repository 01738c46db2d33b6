"""Who may say that this is a backup of your vault: the signer on the paper, and nobody else."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel import IntegrityError
from palyra_kernel.kernel.backup import inspect_backup
from palyra_kernel.kernel.backup.header import open_file_key
from palyra_kernel.kernel.backup.payload import End, Envelope, Item, Keyring
from palyra_kernel.kernel.backup.source import open_backup
from palyra_kernel.keys.signer import fingerprint
from tests.backup.forging import forged, recovery_slot, signer_of, take_apart, written
from tests.backup.machines import Machine


def contents(machine, sheet) -> list[Item]:
    with open_backup(machine.file) as source, open_file_key(source.header, sheet.key)[1] as file_key:
        return list(source.items(file_key))


def test_a_backup_that_anybody_can_make_is_refused_by_the_paper(here, elsewhere, tmp_path):
    """A public key is all it takes to seal a planted vault to your recovery key, with a valid signature of its own."""
    sheet = here.make(a=b"1")
    here.backup()
    header = take_apart(here.file.read_bytes()).header
    mallory = Ed25519PrivateKey.generate()
    data = forged(mallory, header, recovery_slot(here), contents(here, sheet))
    path = written(tmp_path / "planted", data)
    assert inspect_backup(path).signer == fingerprint(mallory.public_key().public_bytes_raw())
    with pytest.raises(IntegrityError) as caught:
        elsewhere.restore(path, sheet)
    assert caught.value.code == "wrong_signer"
    assert sheet.signer in caught.value.message
    assert elsewhere.left() == []


def test_a_vault_that_somebody_else_signed_is_refused_even_if_the_paper_is_wrong(here, elsewhere, tmp_path):
    """A person who was talked into another fingerprint: the vault inside still says who signs its backups."""
    sheet = here.make(a=b"1")
    here.backup()
    mallory = Ed25519PrivateKey.generate()
    header = take_apart(here.file.read_bytes()).header
    path = written(tmp_path / "b", forged(mallory, header, recovery_slot(here), contents(here, sheet)))
    with pytest.raises(IntegrityError) as caught:
        elsewhere.restore(path, sheet, signer=inspect_backup(path).signer)
    assert caught.value.code == "wrong_signer"
    assert elsewhere.left() == []


def test_the_signer_of_another_vault_does_not_do(here, elsewhere, tmp_path):
    sheet, other = here.make(a=b"1"), elsewhere.make(a=b"2")
    elsewhere.backup()
    with pytest.raises(IntegrityError) as caught:
        Machine(tmp_path / "third").restore(elsewhere.file, other._replace(signer=sheet.signer))
    assert caught.value.code == "wrong_signer"


def test_contents_that_do_not_belong_together_are_refused(here, elsewhere, tmp_path):
    """Even the true signer's word does not make a vault of records, envelopes and slots that do not fit."""
    sheet = here.make(a=b"1", b=b"2")
    here.backup()
    before = contents(here, sheet)
    with here.places.open() as kernel:
        kernel.vault.put("a", b"3")
    here.backup(here.base / "later")
    here.file = here.base / "later"
    after = contents(here, sheet)
    signer, slot = signer_of(here), recovery_slot(here)
    header = take_apart(here.file.read_bytes()).header

    def records(items):
        return [item for item in items if not isinstance(item, Envelope | Keyring | End)]

    blobs = [item for item in after if isinstance(item, Envelope)]
    keyring = [item for item in after if isinstance(item, Keyring)]
    (end,) = (item for item in after if isinstance(item, End))
    old, new = records(before), records(after)
    strange = Envelope(blobs[0].object_id, os.urandom(len(blobs[0].blob)))
    swapped = [blobs[0]._replace(blob=blobs[1].blob), blobs[1]._replace(blob=blobs[0].blob), *blobs[2:]]
    mixed = [
        older if older.key.startswith(b"g/vault/") else newer for older, newer in zip(old, new, strict=True)
    ]
    wrong: dict[str, list[Item]] = {
        "a record rolled back": [*blobs, *keyring, *mixed, end],
        "a record left out": [*blobs, *keyring, *new[:-1], end._replace(records=len(new) - 1)],
        "an envelope replaced": [strange, *blobs[1:], *keyring, *new, end],
        "two envelopes swapped": [*swapped, *keyring, *new, end],
        "an envelope left out": [*blobs[1:], *keyring, *new, end._replace(envelopes=len(blobs) - 1)],
        "another generation": [*blobs, *keyring, *new, end._replace(generation=end.generation + 1)],
        "a keyring cut short": [*blobs, Keyring(keyring[0].document[:-9]), *new, end],
    }
    for what, items in wrong.items():
        path = written(tmp_path / "b", forged(signer, header, slot, items))
        with pytest.raises(IntegrityError):
            elsewhere.restore(path, sheet)
        assert elsewhere.left() == [], what
    elsewhere.restore(
        written(tmp_path / "b", forged(signer, header, slot, [*blobs, *keyring, *new, end])), sheet
    )


def test_another_vault_id_in_the_header_is_refused(here, elsewhere, tmp_path):
    sheet = here.make(a=b"1")
    here.backup()
    header = take_apart(here.file.read_bytes()).header
    import msgspec

    lying = msgspec.structs.replace(header, vault="f" * 32)
    path = written(tmp_path / "b", forged(signer_of(here), lying, recovery_slot(here), contents(here, sheet)))
    with pytest.raises(IntegrityError, match="another one"):
        elsewhere.restore(path, sheet)
    assert elsewhere.left() == []
