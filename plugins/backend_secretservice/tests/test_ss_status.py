"""What ``vault status`` and ``doctor`` say while the keyring is locked, gone, or the only one that knows a key."""

import json

import pytest

pytestmark = pytest.mark.real


def findings(palyra):
    return {each["code"]: each for each in palyra("doctor")["findings"]}


def test_a_backend_that_is_locked_or_away_is_shown_with_the_reason(desktop, palyra):
    """Hazard U13: the backend could be neither named nor inspected; a locked one was an error, or was not seen."""
    palyra("vault", "migrate", "--to", "secretservice", "--accept-volatile", "--yes")
    assert palyra("vault", "status")["problem"] is None
    desktop.lock()
    facts = palyra("vault", "status")
    assert (facts["backend"], facts["problem"]["code"]) == ("secretservice", "locked")
    assert "palyra_backend_secretservice" in facts["problem"]["hint"]
    assert findings(palyra)["locked"]["severity"] == "error"
    desktop.kill()
    assert palyra("vault", "status")["problem"]["code"] == "no_service"
    assert findings(palyra)["no_service"]["subject"] == "backend secretservice"


def test_a_vault_that_only_the_locked_keyring_opens_is_shown_as_its_files_say(desktop, palyra, places):
    """Hazard U13: without a way in there was nothing to see, not even which store to unlock."""
    palyra("slots", "add", "secretservice")
    vault_id = palyra("vault", "status")["vault_id"]
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    desktop.lock()
    assert palyra("vault", "status") == ("no_slot_opens", 6)
    facts = json.loads(palyra.out)
    assert (facts["vault_id"], facts["backend"]) == (vault_id, "file")
    assert [slot["kind"] for slot in facts["slots"]] == ["file", "secretservice"]
    assert "locked" in facts["problem"]["message"]
    desktop.unlock()
    assert palyra("vault", "status")["problem"] is None


def test_what_a_loss_would_cost_with_a_slot_in_the_keyring(desktop, palyra):
    """Nobody knew what a reset password or a cloned disk would mean before the day."""
    slot = palyra("slots", "add", "secretservice")["slot"]["id"]
    found = findings(palyra)
    assert f"slot {slot} (secretservice) goes with it" in found["cost_lost_machine"]["message"]
    assert f"slot {slot} (secretservice) may not open again" in found["cost_changed_password"]["message"]
    assert "(file) still does" in found["cost_changed_password"]["message"]
    assert "reads every secret, by slot" in found["cost_stolen_disk"]["message"]
    palyra("slots", "add", "recovery")
    file = next(each["id"] for each in palyra("slots", "list")["slots"] if each["kind"] == "file")
    palyra("slots", "remove", file, "--yes")
    guess = f"guess the password that protects slot {slot} (secretservice)"
    assert guess in findings(palyra)["cost_stolen_disk"]["message"]


def test_a_slot_is_removed_while_its_keyring_is_locked(desktop, palyra):
    """Hazard K7: whoever lost the keyring's password must get rid of the slot. What is left there is said."""
    slot, other = (palyra("slots", "add", "secretservice")["slot"]["id"] for _ in range(2))
    desktop.lock()
    removed = palyra("slots", "remove", slot, "--yes")
    assert "locked" in removed["left"]
    desktop.unlock()
    assert palyra("slots", "remove", other, "--yes")["left"] is None
    assert [each["kind"] for each in palyra("slots", "list")["slots"]] == ["file"]
    with desktop.collection() as collection:
        assert [item.get_attributes()["slot"] for item in collection.search_items({"type": "key"})] == [slot]
