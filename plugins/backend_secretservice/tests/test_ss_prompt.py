"""Who may be asked, and what becomes of the answer: by the command that makes the keyring, and by ``--interactive``."""

import pytest

from palyra_backend_secretservice.__main__ import main
from palyra_kernel import UnavailableError
from tests.asking import Asking, serving

pytestmark = pytest.mark.real


def without_key_file(places):
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()


def test_a_keyring_is_made_and_unlocked_with_a_person(session, capsys):
    """The one command that may ask does so, once for each thing, and is done when it was answered."""
    service = Asking(answer=True)
    with serving(session, service):
        assert main() == 0
        assert main() == 0
    assert service.asked == ["CreateCollection", "Unlock"]
    assert "unlocked" in capsys.readouterr().out


def test_a_person_who_says_no(session, capsys):
    """A dismissed prompt is an error, not a keyring."""
    service = Asking(answer=False)
    with serving(session, service):
        assert main() == UnavailableError.exit_code
    assert service.asked == ["CreateCollection"]
    assert "error[dismissed]" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["behind", "before"])
def test_a_slot_is_added_and_opens_with_a_person_who_was_to_be_asked(session, places, palyra, where):
    """The keyring is made for the slot, and unlocked for the vault: with ``--interactive``, and never without."""
    service = Asking(answer=True)
    add = ("slots", "add", "secretservice")
    with serving(session, service):
        assert palyra(*add) == ("protector_unavailable", 6)
        assert service.asked == []
        palyra(*(*add, "--interactive") if where == "behind" else ("--interactive", *add))
        assert service.asked == ["CreateCollection", "Unlock"]
        without_key_file(places)
        assert palyra("secrets", "list") == {"secrets": [], "next_cursor": None}
        service.locked = True
        assert palyra("secrets", "list") == ("no_slot_opens", 6)
        assert len(service.asked) == 2
        assert palyra("--interactive", "secrets", "list") == {"secrets": [], "next_cursor": None}
        assert service.asked[2:] == ["Unlock"]


def test_a_person_who_says_no_to_a_slot(session, places, palyra):
    """The vault is what it was, and a second way in is not claimed."""
    service = Asking(answer=False)
    with serving(session, service):
        assert palyra("slots", "add", "secretservice", "--interactive") == ("dismissed", 6)
    assert service.asked == ["CreateCollection"]
    assert [slot["kind"] for slot in palyra("slots", "list")["slots"]] == ["file"]


def test_gnome_keyring_without_a_display_says_dismissed(bare, places, palyra):
    """On a server over ssh ``--interactive`` ends at once, for a keyring that is not there and for a locked one; the
    other slot still opens the vault."""
    assert palyra("slots", "add", "secretservice", "--interactive") == ("dismissed", 6)
    bare.make_keyring()
    bare.lock()
    assert palyra("slots", "add", "secretservice") == ("protector_unavailable", 6)
    assert palyra("slots", "add", "secretservice", "--interactive") == ("dismissed", 6)
    bare.unlock()
    slot = palyra("slots", "add", "secretservice", "--interactive")["slot"]["id"]
    bare.lock()
    assert palyra("--interactive", "slots", "drill", slot) == ("dismissed", 6)
    assert palyra("slots", "drill", slot) == ("locked", 6)
    bare.unlock()
    assert palyra("slots", "drill", slot)["opens"]
