"""New keys, copies that were put back, machines that never saw the vault: from the command line."""

import shutil

import pytest

CHEAP = ("--memory-kib", "8192", "--iterations", "1", "--lanes", "1")


@pytest.fixture
def filled(call):
    call.set("a", b"one")
    call.set("b", b"two")
    return call


def _put_back(call, folder="state"):
    """The state root of before the last write."""
    shutil.copytree(call.base / folder, call.base / "copy")
    call.set("a", b"newer")
    shutil.rmtree(call.base / folder)
    shutil.copytree(call.base / "copy", call.base / folder)


def test_rekey_says_what_it_did(filled):
    """Hazard S2: keys that could not be changed at all."""
    outcome = filled("vault", "rekey")
    assert (outcome.code, outcome.text) == (0, "key epoch 2: 2 data keys wrapped again, old keys deleted\n")
    assert filled("--json", "vault", "rekey").json == {"epoch": 3, "rewrapped": 2, "damaged": []}
    assert filled.reveal("a") == b"one"
    assert filled("--json", "vault", "status").json["epoch"] == 3


def test_rekey_names_what_is_damaged_and_keeps_its_key(filled, places):
    """A rotation that ends well though something could not be opened would have deleted the only key to it."""
    from tests.support import edited

    with edited(filled.base / "state" / "objects" / "objects.db") as objects:
        objects.execute("UPDATE blobs SET data = x'00' WHERE rowid = 1")
    outcome = filled("vault", "rekey")
    assert outcome.code == 8
    assert "damaged: vault://global/a?version=1" in outcome.text
    assert "run `palyra vault rekey` again" in outcome.text


def test_a_new_root_key_asks_first(filled):
    """Every program has to open the vault again: nobody does that by accident."""
    assert filled("vault", "rekey", "--root").code == 2
    assert filled("--json", "vault", "status").json["epoch"] == 1
    outcome = filled("vault", "rekey", "--root", "--yes")
    assert outcome.code == 0, outcome
    assert "copies of the old slots" in outcome.err
    assert "signer" not in outcome.err, "there is no sheet to write it on"
    assert filled.reveal("a") == b"one"
    assert filled("vault", "verify").code == 0


def test_a_new_root_key_has_a_new_signer(filled):
    """A sheet with the fingerprint of the old signer would refuse every new backup."""
    added = filled("--json", "slots", "add", "recovery").json
    changed = filled("--json", "vault", "rekey", "--root", "--yes").json
    assert changed["signer"] != added["signer"]
    assert [slot["kind"] for slot in changed["slots"]] == ["file", "recovery"]
    sheet = filled.base / "sheet"
    sheet.write_text(f"{added['recovery_key']}\nsigner: {changed['signer']}\n")
    sheet.chmod(0o600)
    assert filled("vault", "backup", str(filled.base / "backup")).code == 0
    shutil.rmtree(filled.base / "state")
    outcome = filled("--recovery-file", str(sheet), "vault", "restore", "--yes", str(filled.base / "backup"))
    assert outcome.code == 0, outcome


def test_a_passphrase_that_was_not_given_is_asked_for(filled, prompts):
    """Without asking, the slot that somebody remembers would be dropped, or block the change."""
    prompts += ["secret", "secret"]
    assert filled("slots", "add", "passphrase", *CHEAP, terminal=True).code == 0
    refused = filled("--json", "vault", "rekey", "--root", "--yes")
    assert (refused.code, refused.error["code"]) == (7, "slots_would_be_lost")
    assert "--drop-slots" in refused.error["hint"]
    prompts += ["secret"]
    outcome = filled("vault", "rekey", "--root", "--yes", terminal=True)
    assert outcome.code == 0, outcome
    kinds = [slot["kind"] for slot in filled("--json", "slots", "list").json["slots"]]
    assert kinds == ["file", "passphrase"]
    assert filled("vault", "rekey", "--root", "--yes", "--drop-slots").code == 0
    kinds = [slot["kind"] for slot in filled("--json", "slots", "list").json["slots"]]
    assert kinds == ["file"]


def test_dropping_slots_belongs_to_a_new_root_key(filled):
    assert filled("vault", "rekey", "--drop-slots").code == 2


def test_an_older_copy_is_refused_until_it_is_accepted(filled):
    """Hazard S3: an old copy passed for the vault; elsewhere a wanted one could not be used at all."""
    _put_back(filled)
    refused = filled("--json", "secrets", "get", "a", "--reveal")
    assert (refused.code, refused.error["code"]) == (8, "rolled_back")
    assert "accept-rollback" in refused.error["hint"]
    assert filled("vault", "accept-rollback").code == 2, "not without being asked"
    accepted = filled("--json", "vault", "accept-rollback", "--yes").json
    assert accepted["incarnation"] == 2
    assert filled.reveal("a") == b"one"
    again = filled("--json", "vault", "accept-rollback", "--yes")
    assert (again.code, again.error["code"]) == (7, "not_rolled_back")


def test_adopting_says_what_cannot_be_known(filled, prompts):
    """A machine that lost its configuration folder knows nothing to compare the vault with."""
    shutil.rmtree(filled.base / "config" / "heads")
    refused = filled("--json", "vault", "status")
    assert (refused.code, refused.error["code"]) == (8, "head_missing")
    assert filled("vault", "adopt", "--yes").code == 0
    assert filled("--json", "vault", "status").json["incarnation"] == 2
