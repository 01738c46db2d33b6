"""The keyring of ours and its items, over one connection. Nothing here asks the user unless it is told that it may."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from jeepney.io.blocking import DBusConnection  # type: ignore[import-untyped]
from secretstorage.defines import SS_PATH, SS_PREFIX
from secretstorage.dhcrypto import Session
from secretstorage.util import (
    DBusAddressWrapper,
    add_match_rules,
    exec_prompt,
    format_secret,
    open_session,
)

from palyra_backend_secretservice.failures import (
    LABEL,
    GoneError,
    LostError,
    RepeatableError,
    dismissed,
    locked,
    not_kept,
    prompt_each_time,
    prompt_needed,
    translated,
)
from palyra_kernel import ConflictError, UnavailableError

CONTENT_TYPE = "application/octet-stream"  # with text/plain some services replace what is no UTF-8
_NONE = "/"  # how the protocol says: no object


class Link:
    """What one connection knows: its session with the service, and the path of the keyring.

    There may be two keyrings of our label, made at once or by hand. Then all are read, and the first is written.
    """

    def __init__(self, bus: Any) -> None:
        self.bus = bus
        self._session: Session | None = None
        self._keyrings: list[str] = []

    def keyrings(self) -> list[str]:
        """The paths of the keyrings of our label."""
        if not self._keyrings:
            paths = self._get(SS_PATH, "Service", "Collections")
            self._keyrings = sorted(path for path in paths if self._get(path, "Collection", "Label") == LABEL)
        return self._keyrings

    def is_locked(self) -> bool:
        """Whether the keyring is locked. Raises :class:`GoneError` if there is none."""
        return any(self._get(path, "Collection", "Locked") for path in self._there())

    def make_ready(self, *, interactive: bool = False) -> None:
        """See that the keyring is there and unlocked; else make and unlock it if that takes no prompt, or one is
        allowed. Raises :class:`UnavailableError` ``prompt_needed``, ``locked`` or ``dismissed``."""
        if not self.keyrings():
            properties = {f"{SS_PREFIX}Collection.Label": ("s", LABEL)}
            prompt = self._call(SS_PATH, "Service", "CreateCollection", "a{sv}s", properties, "")[1]
            if prompt != _NONE and not self._asked(prompt, interactive=interactive):
                raise prompt_needed(f"making the keyring {LABEL!r}")
        self.unlock(interactive=interactive)

    def unlock(self, *, interactive: bool = False) -> None:
        """See that the keyring is unlocked. A service that knows its password, or needs none, takes no prompt."""
        if not self.is_locked():
            return
        prompt = self._call(SS_PATH, "Service", "Unlock", "ao", self._there())[1]
        if prompt != _NONE and not self._asked(prompt, interactive=interactive):
            raise locked()

    def search_all(self, attributes: Mapping[str, str]) -> list[str]:
        """The items with these attributes, and perhaps more. Of a locked keyring too, as far as the service tells."""
        wanted, found = dict(attributes), []
        for path in self._there():
            found += self._call(path, "Collection", "SearchItems", "a{ss}", wanted)[0]
        return found

    def search(self, attributes: Mapping[str, str]) -> list[str]:
        """:meth:`search_all`, the oldest first, because who comes second has no right to the place."""
        paths = self.search_all(attributes)
        return paths if len(paths) < 2 else sorted(paths, key=self._age)

    def found(self, attributes: Mapping[str, str]) -> list[str]:
        """:meth:`search`, and an empty answer means that there is none: a locked keyring raises instead."""
        paths = self.search(attributes)
        if not paths:
            self.unlock()
            paths = self.search(attributes)
        return paths

    def attributes(self, path: str) -> dict[str, str]:
        """The attributes of an item; empty if it is gone."""
        try:
            return dict(self._get(path, "Item", "Attributes"))
        except GoneError:
            return {}

    def read(self, path: str) -> bytes | None:
        """The secret of an item; None if it is gone."""
        try:
            try:
                return self._read(path)
            except UnavailableError as error:
                if error.code != "locked":
                    raise
            self.unlock()
            return self._read(path)
        except GoneError:
            return None

    def keep(
        self, label: str, attributes: Mapping[str, str], secret: bytes, *, interactive: bool = False
    ) -> None:
        """Store *secret* as the only item with these attributes, and read it back. Raises :class:`ConflictError`
        ``blob_exists`` if there is one, and :class:`UnavailableError` ``not_kept`` or ``prompt_needed``."""
        if self.search(attributes):
            raise _exists()
        path = self._create(label, attributes, secret, interactive=interactive)
        try:
            alone = self.search(attributes) == [path]  # the protocol lets two programs make the same
            kept = self.read(path) == secret
            if not (alone and kept):
                self.delete(path, interactive=interactive)
        except RepeatableError as error:  # done again, the item would be in its own way
            raise error.final() from None
        if not alone:
            raise _exists()
        if not kept:
            raise not_kept()

    def delete(self, path: str, *, interactive: bool = False) -> None:
        """Delete an item; one that is gone is fine."""
        try:
            prompt = self._call(path, "Item", "Delete", "")[0]
        except GoneError:
            return
        if prompt != _NONE and not self._asked(prompt, interactive=interactive):
            raise prompt_each_time("deleting")

    def _read(self, path: str) -> bytes:
        session = self._opened()
        _, iv, data, _ = self._call(path, "Item", "GetSecret", "o", session.object_path)[0]
        return _decrypted(session, bytes(iv), bytes(data))

    def _create(self, label: str, attributes: Mapping[str, str], secret: bytes, *, interactive: bool) -> str:
        properties = {
            f"{SS_PREFIX}Item.Label": ("s", label),
            f"{SS_PREFIX}Item.Attributes": ("a{ss}", dict(attributes)),
        }
        sealed = format_secret(self._opened(), secret, CONTENT_TYPE)
        there, signature = self._there()[0], "a{sv}(oayays)b"
        try:
            path, prompt = self._call(there, "Collection", "CreateItem", signature, properties, sealed, False)
        except LostError as error:  # it may be there: another call could make another one
            raise error.final() from None
        if path != _NONE:
            return str(path)
        if not self._asked(prompt, interactive=interactive):
            raise prompt_each_time("storing")
        made = self.search(attributes)
        if not made:
            raise not_kept()
        return made[-1]

    def _age(self, path: str) -> tuple[int, int, str]:
        """When an item was made. Within a second the number of its path decides, which grows in gnome-keyring."""
        number = re.search(r"\d+\Z", path)
        try:
            created = int(self._get(path, "Item", "Created"))
        except GoneError:
            created = 0
        return created, int(number[0]) if number else 0, path

    def _there(self) -> list[str]:
        paths = self.keyrings()
        if not paths:
            raise GoneError
        return paths

    def _opened(self) -> Session:
        if self._session is None:
            self._session = open_session(self.bus)
        return self._session

    def _asked(self, prompt: str, *, interactive: bool) -> bool:
        """Show a prompt and wait for the answer; without leave take it back and return False."""
        if not interactive:
            self._call(prompt, "Prompt", "Dismiss", "")
            return False
        add_match_rules(self.bus)  # some services broadcast the answer
        if exec_prompt(self.bus, prompt)[0]:
            raise dismissed()
        return True

    def _get(self, path: str, interface: str, name: str) -> Any:
        try:
            return _address(path, interface, self.bus).get_property(name)
        except Exception as error:  # noqa: BLE001  # libraries of D-Bus raise what they like
            raise translated(error) from None

    def _call(self, path: str, interface: str, method: str, signature: str, *body: Any) -> Any:
        try:
            return _address(path, interface, self.bus).call(method, signature, *body)
        except Exception as error:  # noqa: BLE001  # libraries of D-Bus raise what they like
            raise translated(error) from None


def _exists() -> ConflictError:
    return ConflictError("blob_exists", "an item with this id exists; nothing was stored")


def _address(path: str, interface: str, bus: DBusConnection) -> DBusAddressWrapper:
    return DBusAddressWrapper(path, SS_PREFIX + interface, bus)


def _decrypted(session: Session, iv: bytes, data: bytes) -> bytes:
    """Undo what the session does to secrets on their way over the bus."""
    if not session.encrypted or session.aes_key is None:
        return data
    decryptor, unpadder = Cipher(AES(session.aes_key), CBC(iv)).decryptor(), PKCS7(128).unpadder()
    padded = decryptor.update(data) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()
