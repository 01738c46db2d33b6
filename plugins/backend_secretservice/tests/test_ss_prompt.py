"""A service that asks, and a person who answers: gnome-keyring asks on a display only, so this one is of the test."""

import threading
from contextlib import contextmanager

import pytest
from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import Proxy  # type: ignore[import-untyped]

from palyra_backend_secretservice.__main__ import main
from palyra_kernel import UnavailableError

pytestmark = pytest.mark.real

KEYRING = "/org/freedesktop/secrets/collection/ours"
PROMPT = "/org/freedesktop/secrets/prompt/p1"


class Asking:
    """The part of the protocol that makes and unlocks a keyring; both take a prompt."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.made = self.locked = False
        self.asked: list[str] = []
        self.doing = ""

    def reply(
        self, path: str, method: str, body: tuple[object, ...]
    ) -> tuple[str, tuple[object, ...]] | None:
        if method == "Get" and body[1] == "Collections":
            return "v", (("ao", [KEYRING] if self.made else []),)
        if method == "Get" and body[1] == "Label":
            return "v", (("s", "Palyra"),)
        if method == "Get" and body[1] == "Locked":
            return "v", (("b", self.locked),)
        if method in ("CreateCollection", "Unlock"):
            self.doing = method
            return ("oo", ("/", PROMPT)) if method == "CreateCollection" else ("aoo", ([], PROMPT))
        if method == "Prompt":
            self.asked.append(self.doing)
            if self.answer:
                self.made, self.locked = True, self.doing == "CreateCollection"  # made locked: asks again
            return "", ()
        return None

    def completed(self) -> tuple[bool, tuple[str, object]]:
        making = self.doing == "CreateCollection"
        return not self.answer, ("o", KEYRING if self.answer else "/") if making else ("ao", [KEYRING])


@contextmanager
def serving(session, service):
    with session.connected() as connection:
        assert Proxy(message_bus, connection).RequestName("org.freedesktop.secrets")[0] == 1

        def serve():
            while True:
                message = connection.receive(timeout=45)
                if message.header.message_type is not MessageType.method_call:
                    continue
                fields = message.header.fields
                method, path = fields[HeaderFields.member], fields[HeaderFields.path]
                if method == "Stop":
                    return
                answer = service.reply(path, method, message.body)
                if answer is None:
                    connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
                    continue
                connection.send(new_method_return(message, *answer))
                if method == "Prompt":
                    emitter = DBusAddress(PROMPT, interface="org.freedesktop.Secret.Prompt")
                    connection.send(new_signal(emitter, "Completed", "bv", service.completed()))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        with session.connected() as other:
            name = DBusAddress("/", "org.freedesktop.secrets", "org.palyra.Test")
            other.send(new_method_call(name, "Stop"))
            thread.join(45)


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
