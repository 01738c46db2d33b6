"""Every state of the store has an outcome of its own, in time, and nobody is asked who did not want to be."""

import os
import secrets
import socket
import sys
import threading
from contextlib import closing, contextmanager

import pytest
from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]
from jeepney.low_level import HeaderFields  # type: ignore[import-untyped]

from palyra_backend_secretservice import SecretServiceBackend, SecretServiceProtector
from palyra_backend_secretservice.__main__ import main
from palyra_kernel import (
    BlobPlace,
    Deadline,
    SensitiveBytes,
    SlotContext,
    UnavailableError,
    Unlock,
)
from tests.asking import silent

assert sys.platform == "linux"  # elsewhere conftest.py ignores this file

pytestmark = pytest.mark.real

KEY = b"k" * 32
BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")


@pytest.fixture
def backend(session, tmp_path):
    with closing(SecretServiceBackend.open(BlobPlace(folder=tmp_path, vault_id="0" * 32))) as opened:
        yield opened


def soon(seconds=30.0):
    return Deadline.after(seconds)


def new_id():
    return secrets.token_hex(16)


def context():
    return SlotContext(vault_id="0" * 32, slot_id="00000000", kind="secretservice", params={})


def calls(backend):
    """Everything that a caller may ask of the backend."""
    return {
        "put": lambda: backend.put({new_id(): b"blob"}, soon()),
        "get": lambda: backend.get([new_id()], soon()),
        "delete": lambda: backend.delete([new_id()], soon()),
        "list": lambda: backend.list(None, 10),
        "check": backend.check,
        "probe": backend.probe,
    }


def outcomes(backend):
    """The code of each call's error, or "ok"."""
    codes = {}
    for name, call in calls(backend).items():
        try:
            call()
        except UnavailableError as error:
            codes[name] = error.code if error.hint else f"{error.code} without a hint"
        else:
            codes[name] = "ok"
    return codes


def unavailable():
    """Why no slot can be made here."""
    return SecretServiceProtector().available() or ""


def code_of(call):
    with pytest.raises(UnavailableError) as caught:
        call()
    return caught.value.code


@contextmanager
def watched(desktop):
    """What programs call on the bus meanwhile: (interface, method)."""
    seen: list[tuple[str, str]] = []
    with desktop.connected() as monitor, desktop.connected() as other:
        rules = new_method_call(
            DBusAddress(BUS.object_path, BUS.bus_name, "org.freedesktop.DBus.Monitoring"),
            "BecomeMonitor",
            "asu",
            (["type='method_call'"], 0),
        )
        monitor.send_and_get_reply(rules, timeout=30)
        yield seen
        other.send(new_method_call(BUS, "NameHasOwner", "s", ("the.last",)))
        while True:
            message = monitor.receive(timeout=30)
            if message.body == ("the.last",):
                break
            fields = message.header.fields
            seen.append((fields.get(HeaderFields.interface, ""), fields.get(HeaderFields.member, "")))


def prompts(seen):
    return [
        method for interface, method in seen if interface.endswith("Secret.Prompt") and method == "Prompt"
    ]


@pytest.mark.parametrize(
    "address", [None, "", "unix:path=/nowhere/bus", "tcp:host=127.0.0.1,port=1", "nonsense"]
)
def test_no_bus(backend, monkeypatch, address):
    """Hazard U14: without a session bus a library raised errors that were not its own; ours says what to run."""
    if address is None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    else:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert set(outcomes(backend).values()) == {"no_bus"}
    assert "session" in unavailable()


def test_the_bus_of_another_user(backend, monkeypatch, session):
    """sudo keeps DBUS_SESSION_BUS_ADDRESS: the bus answers and turns us away."""
    path = session.folder / "other"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def reject():
            with listener.accept()[0] as connection:
                connection.recv(1024)
                connection.sendall(b"REJECTED EXTERNAL\r\n")
                connection.recv(1024)

        rejecting = threading.Thread(target=reject, daemon=True)
        rejecting.start()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
        assert code_of(lambda: backend.get([new_id()], soon())) == "wrong_session"
        rejecting.join(30)


def test_no_service(backend):
    """A bus without a key store, as in a container or over ssh."""
    assert set(outcomes(backend).values()) == {"no_service"}
    assert "Secret Service" in unavailable()


def test_no_keyring_of_ours(bare, backend):
    """The login keyring is there and open. It is shared with every program, so it never stands in for ours; and
    "nothing stored" may only be said of a store that is there."""
    with watched(bare) as seen:
        assert outcomes(backend) == {
            "put": "prompt_needed",
            "get": "no_collection",
            "delete": "no_collection",
            "list": "no_collection",
            "check": "no_collection",
            "probe": "prompt_needed",
        }
        assert "Palyra" in unavailable()
        key = SensitiveBytes(KEY)
        assert code_of(lambda: SecretServiceProtector().wrap(key, context(), Unlock())) == "prompt_needed"
    assert prompts(seen) == []
    assert bare.keyring("Login") is not None


def test_a_locked_keyring_is_locked_and_never_empty(desktop, backend):
    """Hazard D8, hazard U14: elsewhere locked and absent looked alike, so values that were there "did not exist". And a
    prompt nobody had asked for opened in the middle of it (hazard K7)."""
    blob_id = new_id()
    backend.put({blob_id: b"blob"}, soon())
    slot = SecretServiceProtector().wrap(SensitiveBytes(KEY), context(), Unlock())
    desktop.lock()
    with watched(desktop) as seen:
        assert set(outcomes(backend).values()) == {"locked"}
        assert code_of(lambda: backend.get([blob_id], soon())) == "locked"
        assert code_of(lambda: backend.delete([blob_id], soon())) == "locked"
        assert "locked" in unavailable()
        for call in (SecretServiceProtector().unwrap, SecretServiceProtector().forget):
            assert code_of(lambda call=call: call(slot, context(), Unlock())) == "locked"
    assert prompts(seen) == []
    desktop.unlock()
    assert backend.get([blob_id], soon()) == {blob_id: b"blob"}
    assert SecretServiceProtector().unwrap(slot, context(), Unlock()).reveal() == KEY


def test_locked_halfway_through_a_batch(desktop, backend):
    """What was acknowledged before is there afterwards; what was not is whole or absent."""
    kept = {new_id(): b"before %d" % number for number in range(5)}
    backend.put(kept, soon())
    desktop.lock()
    late = {new_id(): b"after %d" % number for number in range(5)}
    assert code_of(lambda: backend.put({**late}, soon())) == "locked"
    desktop.unlock()
    assert backend.get([*kept, *late], soon()) == kept


def test_a_prompt_that_is_dismissed(bare, backend, capsys):
    """Asked for, and with no display to show it on: the service says "dismissed", not "done"."""
    with watched(bare) as seen:
        key = SensitiveBytes(KEY)
        assert (
            code_of(lambda: SecretServiceProtector().wrap(key, context(), Unlock(interactive=True)))
            == "dismissed"
        )
    assert len(prompts(seen)) == 1
    assert main() == UnavailableError.exit_code
    assert capsys.readouterr().err.startswith("error[dismissed]: ")
    bare.make_keyring()
    bare.lock()
    assert main() == UnavailableError.exit_code
    bare.unlock()
    assert main() == 0


def test_a_daemon_that_was_restarted(desktop, backend):
    """The connection and the session with the old daemon are of no use; the next call finds out by itself."""
    blob_id, other = new_id(), new_id()
    backend.put({blob_id: b"blob"}, soon())
    for killed in (False, True):
        if killed:
            desktop.kill()
            assert set(outcomes(backend).values()) == {"no_service"}
            desktop.start()
        else:
            desktop.restart()
        assert backend.get([blob_id], soon()) == {blob_id: b"blob"}
        backend.put({other: b"other"}, soon())
        backend.delete([other], soon())
    desktop.restart(unlock=False)
    assert code_of(lambda: backend.get([blob_id], soon())) == "locked"


def test_killed_while_storing(desktop, backend):
    """Hazard D10: a store that is killed loses what it had acknowledged, or keeps half a value."""
    blobs = {new_id(): secrets.token_bytes(2_000) for _ in range(60)}
    acknowledged: list[str] = []
    errors: list[str] = []
    halfway = threading.Event()

    def store():
        for blob_id, blob in blobs.items():
            try:
                backend.put({blob_id: blob}, soon())
            except UnavailableError as error:
                errors.append(error.code)
            else:
                acknowledged.append(blob_id)
            if len(acknowledged) + len(errors) == 10:
                halfway.set()

    storing = threading.Thread(target=store, daemon=True)
    storing.start()
    assert halfway.wait(45)
    desktop.restart()
    storing.join(45)
    assert not storing.is_alive()
    assert set(errors) <= {"connection_lost", "no_service", "no_collection", "locked"}
    found = backend.get(list(blobs), soon())
    assert found.keys() >= set(acknowledged)
    assert all(found[blob_id] == blobs[blob_id] for blob_id in acknowledged)


def test_a_service_that_never_answers(session, backend):
    """Hazard K7: what never answers ends at the deadline, and takes nobody along who still has time."""
    with silent(session):
        for call in (
            lambda: backend.put({new_id(): b"blob"}, soon(0.2)),
            lambda: backend.get([new_id()], soon(0.2)),
            lambda: backend.delete([new_id()], soon(0.2)),
        ):
            assert code_of(call) == "deadline"
    session.start()
    session.make_keyring()
    assert backend.get([new_id()], soon()) == {}


def test_a_bus_that_never_answers(backend, monkeypatch, session):
    """Connecting has a deadline too."""
    path = session.folder / "silent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
        assert code_of(lambda: backend.get([new_id()], soon(0.2))) == "deadline"


def test_who_waits_for_a_busy_connection_has_a_deadline(session, backend):
    """Hazard K7: one connection for all threads must not make one caller's patience everybody's."""
    with silent(session):
        patient = threading.Thread(
            target=lambda: code_of(lambda: backend.get([new_id()], soon(3))), daemon=True
        )
        patient.start()
        until = soon()
        while not backend._service._mutex.locked():
            until.check("waiting for the patient one")
        with pytest.raises(UnavailableError, match="busy") as caught:
            backend.get([new_id()], soon(0.1))
        assert caught.value.code == "deadline"
        patient.join(45)
        assert not patient.is_alive()


def test_closing_ends_a_call_that_hangs(session, backend):
    """A kernel that is closed does not wait for what a hanging service still owes it."""
    with silent(session):
        codes: list[str] = []
        hanging = threading.Thread(
            target=lambda: codes.append(code_of(lambda: backend.get([new_id()], soon(600)))), daemon=True
        )
        hanging.start()
        until = soon()
        while backend._service._link is None:
            until.check("waiting for the connection")
        backend.close()
        hanging.join(45)
    assert codes == ["closed"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_does_not_use_its_parents_connection(desktop, backend):
    """Two processes on one socket read each other's answers."""
    blob_id = new_id()
    backend.put({blob_id: b"blob"}, soon())
    child = os.fork()
    if child == 0:  # pragma: no cover
        right = False
        try:
            right = all(backend.get([blob_id], soon()) == {blob_id: b"blob"} for _ in range(50))
        finally:
            os._exit(0 if right else 1)
    for _ in range(50):
        assert backend.get([blob_id], soon()) == {blob_id: b"blob"}
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert backend.get([blob_id], soon()) == {blob_id: b"blob"}


def test_the_key_of_a_slot_vanished(desktop):
    """Somebody cleaned up the keyring: the kernel goes on to the next slot."""
    slot = SecretServiceProtector().wrap(SensitiveBytes(KEY), context(), Unlock())
    with desktop.collection() as collection:
        for item in collection.search_items({"type": "key"}):
            assert len(item.get_secret()) == len(KEY)
            assert item.get_secret() != KEY
            item.delete()
    assert code_of(lambda: SecretServiceProtector().unwrap(slot, context(), Unlock())) == "key_missing"
