"""``keyring.backends.macOS.api`` over a :class:`FakeKeychain`: CoreFoundation objects by address, each with its count.

What is released too often, or read behind its release, fails at once; :attr:`Frameworks.alive` tells what was not
released at all. Arguments pass through the types that the caller declared, as ``ctypes`` would make them pass.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tests.mac.keychain import FakeKeychain

CONSTANTS = (
    "kCFBooleanFalse", "kCFBooleanTrue", "kSecAttrAccount", "kSecAttrLabel", "kSecAttrService", "kSecClass",
    "kSecClassGenericPassword", "kSecMatchLimit", "kSecMatchLimitAll", "kSecMatchLimitOne", "kSecReturnAttributes",
    "kSecReturnData", "kSecUseAuthenticationUI", "kSecUseAuthenticationUIAllow", "kSecUseAuthenticationUIFail",
    "kSecUseDataProtectionKeychain", "kSecValueData",
)  # fmt: skip
_POINTER = ctypes.c_void_p
_OUT = -50  # errSecParam


class Function:
    """A function of a library: with declared types, arguments must fit them."""

    def __init__(self, call: Callable[..., Any], *argtypes: Any) -> None:
        self._call = call
        self.argtypes: Any = list(argtypes) or None
        self.restype: Any = ctypes.c_int

    def __call__(self, *arguments: Any) -> Any:
        if self.argtypes is not None:
            for kind, argument in zip(self.argtypes, arguments, strict=True):
                kind.from_param(argument)
        return self._call(*arguments)


def address(pointer: Any) -> int:
    return int((pointer.value or 0) if isinstance(pointer, _POINTER) else pointer)


def write(out: Any, value: Any) -> None:
    """Through a pointer that ``byref`` made."""
    out._obj.value = value


class Frameworks:
    """Stands in for the module; its private names are the module's."""

    def __init__(self, keychain: FakeKeychain) -> None:
        self._keychain = keychain
        self._constants = {name: 16 * at + 16 for at, name in enumerate(CONSTANTS)}
        self.alive: dict[int, list[Any]] = {}  # address: [count, object]
        self._next = 0x10000
        plain = {name: Function(getattr(self, name)) for name in dir(self) if name.startswith(("CF", "SecK"))}
        plain["SecItemUpdate"] = Function(self.SecItemUpdate)
        self._sec = self._found = SimpleNamespace(**plain)
        self.SecItemAdd = Function(self._add, _POINTER, _POINTER)
        self.SecItemCopyMatching = Function(self._copy_matching, _POINTER, _POINTER)
        self.SecItemDelete = Function(self._delete, _POINTER)

    # What keyring's module offers.

    def k_(self, name: str) -> Any:
        return _POINTER(self._constants[name])

    def create_cf(self, value: Any) -> Any:
        return self._made(value) if isinstance(value, str) else value

    def create_query(self, **values: Any) -> int:
        pointers = {name: address(self.create_cf(value)) for name, value in values.items()}
        for pointer in pointers.values():
            self._retain(pointer)
        return self._made({self._constants[name]: pointer for name, pointer in pointers.items()})

    def CFDataGetLength(self, data: Any) -> int:
        return len(self._of(data))

    def CFDataGetBytePtr(self, data: Any) -> int:
        return ctypes.addressof(self._of(data))

    # What _native takes from the libraries behind it.

    def CFDataCreate(self, allocator: None, data: bytes, length: int) -> int:
        return self._made((ctypes.c_char * length).from_buffer_copy(data[:length]))

    def CFRelease(self, pointer: Any) -> None:
        if address(pointer) in self._constants.values():
            return
        entry = self.alive[address(pointer)]
        entry[0] -= 1
        if entry[0] == 0:
            del self.alive[address(pointer)]
            inside = entry[1].values() if isinstance(entry[1], dict) else entry[1]
            for each in inside if isinstance(entry[1], dict | list) else ():
                self.CFRelease(each)

    def CFArrayGetCount(self, array: Any) -> int:
        return len(self._of(array))

    def CFArrayGetValueAtIndex(self, array: Any, at: int) -> int:
        return int(self._of(array)[at])

    def CFDictionaryGetValue(self, dictionary: Any, key: Any) -> int | None:
        found: int | None = self._of(dictionary).get(address(key))
        return found

    def CFGetTypeID(self, pointer: Any) -> int:
        return 7 if isinstance(self._of(pointer), str) else 20

    def CFStringGetTypeID(self) -> int:
        return 7

    def CFStringGetLength(self, text: Any) -> int:
        return len(self._of(text).encode("utf-16-le")) // 2

    def CFStringGetCString(self, text: Any, room: Any, size: int, encoding: int) -> bool:
        assert encoding == 0x08000100
        encoded = self._of(text).encode()
        if len(encoded) >= size:
            return False
        ctypes.memmove(room, encoded + b"\0", len(encoded) + 1)
        return True

    def SecKeychainGetStatus(self, keychain: None, bits: Any) -> int:
        status, value = self._keychain.state()
        write(bits, value)
        return status

    def SecKeychainUnlock(self, keychain: None, length: int, password: None, use_password: bool) -> int:
        assert (length, password, use_password) == (0, None, False)
        return self._keychain.unlock()

    def SecKeychainGetUserInteractionAllowed(self, allowed: Any) -> int:
        status, value = self._keychain.interaction()
        write(allowed, value)
        return status

    def SecKeychainSetUserInteractionAllowed(self, allowed: int) -> int:
        return self._keychain.allow_interaction(bool(allowed))

    def SecItemUpdate(self, query: Any, changes: Any) -> int:
        asked, new = self._asked(query), self._of(changes)
        assert list(new) == [self._constants["kSecValueData"]]
        (data,) = new.values()
        return self._keychain.update(
            asked["kSecAttrService"], asked["kSecAttrAccount"], bytes(self._of(data))
        )

    def _add(self, query: Any, result: None) -> int:
        asked = self._asked(query)
        names = (asked["kSecAttrService"], asked["kSecAttrAccount"], asked["kSecAttrLabel"])
        return self._keychain.add(*names, bytes(asked["kSecValueData"]))

    def _delete(self, query: Any) -> int:
        asked = self._asked(query)
        return self._keychain.delete(asked["kSecAttrService"], asked["kSecAttrAccount"])

    def _copy_matching(self, query: Any, out: Any) -> int:
        asked = self._asked(query)
        everything = asked["kSecMatchLimit"] == "kSecMatchLimitAll"
        if everything == ("kSecReturnData" in asked):
            return _OUT  # the data of many is not to be had
        if everything:
            assert asked["kSecReturnAttributes"] == "kCFBooleanTrue"
            status, items = self._keychain.items(asked.get("kSecAttrService"))
            if status == 0:
                write(out, self._made([self._attributes(*each) for each in items]))
            return status
        ask = asked["kSecUseAuthenticationUI"] == "kSecUseAuthenticationUIAllow"
        assert ask or asked["kSecUseAuthenticationUI"] == "kSecUseAuthenticationUIFail"
        status, data = self._keychain.copy(asked["kSecAttrService"], asked["kSecAttrAccount"], ask)
        if status == 0:
            write(out, self.CFDataCreate(None, data, len(data)))
        return status

    def _attributes(self, service: str, account: str) -> int:
        values: dict[str, Any] = {"kSecAttrService": self._made(service)}
        if account:
            values["kSecAttrAccount"] = self._made(account)
        return self._made({self._constants[name]: value for name, value in values.items()})

    # Objects.

    def _made(self, value: Any) -> int:
        self._next += 16
        self.alive[self._next] = [1, value]
        return self._next

    def _retain(self, pointer: int) -> None:
        if pointer not in self._constants.values():
            self.alive[pointer][0] += 1

    def _of(self, pointer: Any) -> Any:
        return self.alive[address(pointer)][1]

    def _asked(self, query: Any) -> dict[str, Any]:
        """A query by the names of its keys, as a mapping to text, data or the name of a constant."""
        names = {at: name for name, at in self._constants.items()}
        found = self._of(query)
        asked = {names[key]: names.get(value) or self._of(value) for key, value in found.items()}
        assert asked["kSecClass"] == "kSecClassGenericPassword"
        assert asked["kSecUseDataProtectionKeychain"] == "kCFBooleanFalse"
        return asked
