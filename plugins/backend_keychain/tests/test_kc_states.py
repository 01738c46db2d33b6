"""Every state of the keychain has an outcome of its own, and nobody is asked who did not want to be."""

import os
import threading

import pytest

from palyra_backend_keychain import KeychainBackend, KeychainProtector, _native, keychain
from palyra_backend_keychain.__main__ import main
from palyra_backend_keychain.failures import failure
from palyra_backend_keychain.keychain import Keychain
from palyra_kernel import Deadline, IntegrityError, SensitiveBytes, SlotContext, UnavailableError, Unlock

KEY = b"k" * 32
BLOB = "0" * 32
CONTEXT = SlotContext(vault_id="0" * 32, slot_id="00000000", kind="keychain", params={})
ASKING = Unlock(interactive=True)


@pytest.fixture
def backend(mac, place):
    return KeychainBackend.open(place)


def calls(backend, soon, slot):
    """Everything that a caller may ask, of backend and slot."""
    protector = KeychainProtector()
    return {
        "put": lambda: backend.put({"1" * 32: b"blob"}, soon),
        "get": lambda: backend.get([BLOB], soon),
        "get what is not there": lambda: backend.get(["2" * 32], soon),
        "delete": lambda: backend.delete([BLOB], soon),
        "delete what is not there": lambda: backend.delete(["2" * 32], soon),
        "list": lambda: backend.list(None, 10),
        "check": backend.check,
        "probe": backend.probe,
        "wrap": lambda: protector.wrap(SensitiveBytes(KEY), CONTEXT, Unlock()),
        "unwrap": lambda: protector.unwrap(slot, CONTEXT, Unlock()),
        "forget": lambda: protector.forget(slot, CONTEXT, Unlock()),
    }


def code_of(call, *, hint=True):
    with pytest.raises(UnavailableError) as caught:
        call()
    assert caught.value.exit_code == 6
    assert bool(caught.value.hint) == hint
    return caught.value.code


def filled(backend, soon):
    """A blob and a slot."""
    backend.put({BLOB: b"blob"}, soon)
    return KeychainProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())


@pytest.mark.parametrize("silence", [-25308, -25293])
def test_a_locked_keychain_is_locked_and_never_empty(mac, backend, soon, silence):
    """Hazard D8, hazard U14, hazard U15: elsewhere locked and absent looked alike, so values that were there "did not
    exist"; and a prompt nobody had asked for opened in the middle of it (hazard K7)."""
    slot = filled(backend, soon)
    mac.locked, mac.silence = True, silence
    codes = {name: code_of(call) for name, call in calls(backend, soon, slot).items()}
    assert set(codes.values()) == {"locked"}
    assert "palyra_backend_keychain" in str(KeychainProtector().available())
    assert mac.asked == []
    mac.locked = False
    assert backend.get([BLOB], soon) == {BLOB: b"blob"}
    assert KeychainProtector().unwrap(slot, CONTEXT, Unlock()).reveal() == KEY


def test_no_keychain_at_all(mac, backend, soon):
    """A daemon, ssh, a user who never logged in on the screen: then macOS finds "no such item" among none."""
    slot = filled(backend, soon)
    mac.there = False
    codes = {name: code_of(call) for name, call in calls(backend, soon, slot).items()}
    assert set(codes.values()) == {"no_keychain"}
    assert "there is no keychain" in str(KeychainProtector().available())


@pytest.mark.parametrize("silence", [-25308, -25315, -25320, -25293])
def test_another_program_is_not_on_the_access_list(mac, backend, soon, silence):
    """Another Python, or the same one after an upgrade: told apart from a locked keychain, and nobody is asked."""
    slot = filled(backend, soon)
    mac.program, mac.silence = "another python3", silence
    assert code_of(lambda: backend.get([BLOB], soon)) == "not_allowed"
    assert code_of(lambda: backend.delete([BLOB], soon)) == "not_allowed"
    assert code_of(lambda: KeychainProtector().unwrap(slot, CONTEXT, Unlock())) == "not_allowed"
    assert mac.asked == []
    assert KeychainProtector().unwrap(slot, CONTEXT, ASKING).reveal() == KEY
    assert mac.asked == ["the use of an item"]
    assert KeychainProtector().unwrap(slot, CONTEXT, Unlock()).reveal() == KEY


def test_an_update_keeps_whom_the_user_allowed(mac, backend, soon):
    """keyring deletes and adds: the new item has a new access list, and who was allowed is asked about again. A slot
    that is wrapped again keeps its item (hazard U16: nor does it go through a prompt that cuts at 128 characters)."""
    slot = filled(backend, soon)
    mac.program = "another python3"
    KeychainProtector().unwrap(slot, CONTEXT, ASKING)
    mac.program = "python3"
    again = KeychainProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    assert (mac.calls.count("update"), mac.calls.count("delete")) == (1, 0)
    mac.program = "another python3"
    assert KeychainProtector().unwrap(again, CONTEXT, Unlock()).reveal() == KEY
    with pytest.raises(IntegrityError):  # the key that it was sealed under is gone
        KeychainProtector().unwrap(slot, CONTEXT, Unlock())
    mac.program = "python3"
    mac.delete("palyra.key." + CONTEXT.vault_id, CONTEXT.slot_id)  # as keyring would
    again = KeychainProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())
    mac.program = "another python3"
    assert code_of(lambda: KeychainProtector().unwrap(again, CONTEXT, Unlock())) == "not_allowed"


@pytest.mark.parametrize(("answer", "code"), [("no", "dismissed"), ("wrong password", "auth_failed")])
def test_a_person_who_does_not_allow_it(mac, backend, soon, answer, code, capsys):
    """Each is an error of its own, and neither is a key."""
    slot = filled(backend, soon)
    mac.answer = answer
    mac.locked = True
    assert code_of(lambda: KeychainProtector().unwrap(slot, CONTEXT, ASKING)) == code
    assert code_of(lambda: KeychainProtector().wrap(SensitiveBytes(KEY), CONTEXT, ASKING)) == code
    assert len(mac.asked) == 2
    assert main() == UnavailableError.exit_code
    assert capsys.readouterr().err.startswith(f"error[{code}]: ")
    assert len(mac.asked) == 3


def test_the_one_command_that_asks(mac, backend, soon, capsys):
    """It unlocks, and lets macOS ask about every item of ours and about no other."""
    slot = filled(backend, soon)
    mac.add("somebody else", "a", "label", b"theirs")
    mac.locked, mac.program = True, "another python3"
    assert main() == 0
    assert mac.asked == ["the password of the keychain", "the use of an item", "the use of an item"]
    assert "may use: 2" in capsys.readouterr().out
    assert backend.get([BLOB], soon) == {BLOB: b"blob"}
    assert KeychainProtector().unwrap(slot, CONTEXT, Unlock()).reveal() == KEY
    assert main() == 0
    assert len(mac.asked) == 3
    assert mac.kept["somebody else", "a"].trusted == {"python3"}


def test_the_one_command_finds_nothing_to_ask(mac, capsys):
    assert main() == 0
    assert "may use: 0" in capsys.readouterr().out
    mac.there = False
    assert main() == UnavailableError.exit_code
    assert "error[no_keychain]" in capsys.readouterr().err


def test_what_others_may_ask_is_not_ours_to_decide(mac, backend, soon):
    """The switch belongs to the process: a program that embeds us asks as before, whatever came of our call."""
    for allowed in (True, False):
        mac.allow_interaction(allowed)
        backend.get([BLOB], soon)
        assert mac.interaction() == (0, allowed)
        mac.locked = True
        assert code_of(lambda: backend.list(None, 1)) == "locked"
        assert mac.interaction() == (0, allowed)
        mac.locked = False


def test_a_switch_that_does_not_work_stops_the_call(mac, backend, soon, monkeypatch):
    """Going on would let a prompt open in a daemon."""
    for broken in ({"allow_interaction": lambda _: -1}, {"interaction": lambda: (-1, True)}):
        with monkeypatch.context() as patched:
            for name, value in broken.items():
                patched.setattr(mac, name, value)
            assert code_of(lambda: backend.put({BLOB: b"blob"}, soon), hint=False) == "service_failed"
    assert mac.calls == []


@pytest.mark.parametrize("status", [-25291, -25292, -25294, -25295, -25307, -25244, -34018, -1])
def test_each_refusal_has_its_class(mac, backend, soon, status):
    """Hazard U15: elsewhere all of them were "Io"."""
    slot = filled(backend, soon)
    mac.refusing = status
    expected = failure(status)
    for name, call in calls(backend, soon, slot).items():
        if "not there" not in name:
            assert code_of(call, hint=bool(expected.hint)) == expected.code
    assert (str(status) in expected.message) == (expected.code == "service_failed")


def test_not_macos(monkeypatch, place):
    """The plugin may be enabled anywhere; it says where it works, and how to leave."""
    monkeypatch.setattr(_native, "SYSTEM", "linux")
    with pytest.raises(UnavailableError, match="this is linux") as caught:
        KeychainBackend.open(place)
    assert (caught.value.code, caught.value.exit_code) == ("unsupported", 6)
    assert "palyra vault migrate" in str(caught.value.hint)
    assert "part of macOS" in str(KeychainProtector().available())
    assert code_of(lambda: KeychainProtector().unwrap({"wrapped": ""}, CONTEXT, Unlock())) == "unsupported"
    assert main() == UnavailableError.exit_code


@pytest.mark.parametrize("error", [ImportError, AttributeError, OSError, ValueError])
def test_a_macos_without_the_functions(mac, place, monkeypatch, soon, error):
    """Apple calls parts of it deprecated. The day they are gone, that is a sentence and no traceback."""

    def load():
        raise error("secret text of the loader")

    monkeypatch.setattr(mac, "load", load)
    with pytest.raises(UnavailableError) as caught:
        KeychainBackend.open(place).get([BLOB], soon)
    assert caught.value.code == "unsupported"
    assert "secret text" not in str(caught.value)


def test_a_forked_child_is_refused(mac, backend, soon, monkeypatch):
    """The frameworks of macOS end a process that was forked from one that used them."""
    backend.get([BLOB], soon)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    before = list(mac.calls)
    assert code_of(lambda: backend.get([BLOB], soon)) == "forked"
    assert mac.calls == before


def test_who_waits_for_a_busy_keychain_has_a_deadline(mac, backend, soon, monkeypatch):
    """Hazard K7: one switch for the whole process must not make one caller's patience everybody's."""
    asked, answered = threading.Event(), threading.Event()

    def copy(*_):
        asked.set()
        assert answered.wait(45)
        return -25300, b""

    with monkeypatch.context() as patched:
        patched.setattr(mac, "copy", copy)
        patient = threading.Thread(target=lambda: backend.get([BLOB], soon), daemon=True)
        patient.start()
        assert asked.wait(45)
        assert code_of(lambda: backend.get([BLOB], Deadline.after(0.1)), hint=False) == "deadline"
        answered.set()
        patient.join(45)
    assert not patient.is_alive()


def test_the_key_of_a_slot_vanished(mac, backend, soon):
    """Somebody cleaned up the keychain: the kernel goes on to the next slot."""
    slot = filled(backend, soon)
    mac.kept.clear()
    assert code_of(lambda: KeychainProtector().unwrap(slot, CONTEXT, Unlock())) == "key_missing"
    KeychainProtector().forget(slot, CONTEXT, Unlock())


def test_an_item_that_vanishes_while_it_is_changed(mac, backend, soon, monkeypatch):
    """Deleted by a stranger between "there is one" and "change it": then no slot is made, rather than one without a
    key."""
    filled(backend, soon)
    monkeypatch.setattr(mac, "update", lambda *_: -25300)
    assert code_of(lambda: KeychainProtector().wrap(SensitiveBytes(KEY), CONTEXT, Unlock())) == "item_gone"


def test_a_keychain_that_swallows_a_key(mac, monkeypatch):
    """A store elsewhere took secrets and kept none; a slot without its key would be found out in an emergency."""
    monkeypatch.setattr(mac, "add", lambda *_: 0)
    wrap = KeychainProtector().wrap
    assert code_of(lambda: wrap(SensitiveBytes(KEY), CONTEXT, Unlock()), hint=False) == "not_kept"


def test_what_a_stranger_left_under_our_name_is_told(mac, backend, soon):
    """The list passes over it, `vault verify` does not."""
    backend.put({BLOB: b"blob"}, soon)
    service = "palyra.blob." + "0" * 32
    mac.add(service, "no id", "label", b"data")
    mac.elsewhere = [(service, BLOB)]
    assert backend.list(None, 10) == [BLOB]
    assert len(backend.check()) == 2


def test_services_are_ours(mac, soon):
    for service in ("palyra.blob.1", "palyra.key.1", "palyrab", "login"):
        mac.add(service, "a", "label", b"data")
    assert keychain.services(soon) == ["palyra.blob.1", "palyra.key.1"]
    assert Keychain("palyra.blob.1").accounts(soon) == ["a"]
