"""A service that asks, and a person who answers: gnome-keyring asks on a display only, so this one is of the test."""

import threading
from contextlib import contextmanager

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

KEYRING = "/org/freedesktop/secrets/collection/ours"
PROMPT = "/org/freedesktop/secrets/prompt/p1"
SESSION = "/org/freedesktop/secrets/session/s1"
ERROR = "org.freedesktop.DBus.Error."

Answer = tuple[str, tuple[object, ...]]


class Asking:
    """The part of the protocol that makes and unlocks a keyring, which takes a prompt, and keeps items in it."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.made = self.locked = False
        self.asked: list[str] = []
        self.doing = ""
        self.items: dict[str, tuple[dict[str, str], bytes]] = {}

    def reply(self, path: str, method: str, body: tuple[object, ...]) -> Answer | None:
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
        if method == "Dismiss":
            return "", ()
        return None if self.locked else self.item(path, method, body)

    def item(self, path, method, body) -> Answer | None:
        """What takes no prompt in an unlocked keyring."""
        if method == "OpenSession" and body[0] == "plain":
            return "vo", (("s", ""), SESSION)
        if method == "CreateItem":
            properties, secret, _ = body
            made = f"{KEYRING}/{len(self.items)}"
            self.items[made] = dict(properties["org.freedesktop.Secret.Item.Attributes"][1]), bytes(secret[2])
            return "oo", (made, "/")
        if method == "SearchItems":
            wanted = body[0].items()
            return "ao", ([each for each, (had, _) in self.items.items() if wanted <= had.items()],)
        if method == "GetSecret":
            return "(oayays)", ((SESSION, b"", self.items[path][1], "application/octet-stream"),)
        return None

    def completed(self) -> tuple[bool, tuple[str, object]]:
        making = self.doing == "CreateCollection"
        return not self.answer, ("o", KEYRING if self.answer else "/") if making else ("ao", [KEYRING])


@contextmanager
def serving(session, service):
    """*service* on the bus of *session*, for the block."""
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
                    wrong = "NotSupported" if method == "OpenSession" else "UnknownMethod"
                    connection.send(new_error(message, ERROR + wrong))
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


@contextmanager
def silent(session):
    """A program that took the name of the Secret Service on the bus of *session* and never answers, for the block."""
    with session.connected() as connection:
        assert Proxy(message_bus, connection).RequestName("org.freedesktop.secrets")[0] == 1
        yield
