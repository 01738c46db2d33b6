"""The calls of macOS, through the bindings of ``keyring``. Nothing is decided here: each function makes one call and
returns its status, with what came of it.

Those bindings know no update, take and give text only, and release nothing; that is added here. Every query asks for
the keychain that is a file (``kSecUseDataProtectionKeychain`` is false): one that does not reaches that of iCloud too.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from ctypes import (
    byref,
    c_char_p,
    c_int32,
    c_long,
    c_ubyte,
    c_uint32,
    c_ulong,
    c_void_p,
    create_string_buffer,
    string_at,
)
from functools import cache
from typing import Any

SYSTEM = sys.platform
_UTF8 = 0x08000100
_SIGNATURES: dict[str, dict[str, tuple[Any, ...]]] = {
    "_sec": {
        "SecItemUpdate": (c_int32, c_void_p, c_void_p),
        "SecKeychainGetStatus": (c_int32, c_void_p, c_void_p),
        "SecKeychainGetUserInteractionAllowed": (c_int32, c_void_p),
        "SecKeychainSetUserInteractionAllowed": (c_int32, c_ubyte),
        "SecKeychainUnlock": (c_int32, c_void_p, c_uint32, c_void_p, c_ubyte),
    },
    "_found": {
        "CFArrayGetCount": (c_long, c_void_p),
        "CFArrayGetValueAtIndex": (c_void_p, c_void_p, c_long),
        "CFDataCreate": (c_void_p, c_void_p, c_char_p, c_long),
        "CFDictionaryGetValue": (c_void_p, c_void_p, c_void_p),
        "CFGetTypeID": (c_ulong, c_void_p),
        "CFRelease": (None, c_void_p),
        "CFStringGetCString": (c_ubyte, c_void_p, c_void_p, c_long, c_uint32),
        "CFStringGetLength": (c_long, c_void_p),
        "CFStringGetTypeID": (c_ulong,),
    },
}


def load() -> None:
    """Find the functions. Raises what Python raises where there is no such module, library or function."""
    _api()


def add(service: str, account: str, label: str, data: bytes) -> int:
    with ExitStack() as made:
        more = {"kSecAttrLabel": _text(label, made), "kSecValueData": _data(data, made)}
        return int(_api().SecItemAdd(_item(service, account, made, **more), None))


def update(service: str, account: str, data: bytes) -> int:
    """In place: the item and its access list stay."""
    with ExitStack() as made:
        changes = _dictionary(made, kSecValueData=_data(data, made))
        return int(_api()._sec.SecItemUpdate(_item(service, account, made), changes))


def copy(service: str, account: str, ask: bool) -> tuple[int, bytes]:
    """The data of an item; empty if the status is not 0."""
    more = {
        "kSecMatchLimit": _constant("kSecMatchLimitOne"),
        "kSecReturnData": _constant("kCFBooleanTrue"),
        "kSecUseAuthenticationUI": _constant(f"kSecUseAuthenticationUI{'Allow' if ask else 'Fail'}"),
    }
    with ExitStack() as made:
        status, found = _matching(_item(service, account, made, **more), made)
        return status, _bytes(found) if found.value else b""


def delete(service: str, account: str) -> int:
    with ExitStack() as made:
        return int(_api().SecItemDelete(_item(service, account, made)))


def items(service: str | None) -> tuple[int, list[tuple[str, str]]]:
    """Service and account of each item of *service*, or of every one."""
    more = {
        "kSecMatchLimit": _constant("kSecMatchLimitAll"),
        "kSecReturnAttributes": _constant("kCFBooleanTrue"),
    }
    with ExitStack() as made:
        if service is not None:
            more["kSecAttrService"] = _text(service, made)
        status, found = _matching(_generic(made, **more), made)
        return status, [_names(each) for each in _elements(found)] if found.value else []


def state() -> tuple[int, int]:
    """The bits of the default keychain: 1 for unlocked."""
    bits = c_uint32()
    return int(_api()._sec.SecKeychainGetStatus(None, byref(bits))), bits.value


def unlock() -> int:
    """Unlock the default keychain; macOS asks for its password."""
    return int(_api()._sec.SecKeychainUnlock(None, 0, None, False))


def interaction() -> tuple[int, bool]:
    """Whether macOS may ask on behalf of this process."""
    allowed = c_ubyte()
    status = int(_api()._sec.SecKeychainGetUserInteractionAllowed(byref(allowed)))
    return status, bool(allowed.value)


def allow_interaction(allowed: bool) -> int:
    return int(_api()._sec.SecKeychainSetUserInteractionAllowed(allowed))


@cache
def _api() -> Any:
    from keyring.backends.macOS import api

    for library, functions in _SIGNATURES.items():
        for name, (result, *arguments) in functions.items():
            function = getattr(getattr(api, library), name)
            function.restype, function.argtypes = result, arguments
    return api


# CoreFoundation. What a function here makes is released when `made` closes; what it reads belongs to somebody else.


def _owned(pointer: int | None, made: ExitStack) -> c_void_p:
    if not pointer:
        raise MemoryError
    owned = c_void_p(pointer)
    made.callback(_api()._found.CFRelease, owned)
    return owned


def _constant(name: str) -> c_void_p:
    constant: c_void_p = _api().k_(name)
    return constant


def _text(text: str, made: ExitStack) -> c_void_p:
    return _owned(_api().create_cf(text), made)


def _data(data: bytes, made: ExitStack) -> c_void_p:
    return _owned(_api()._found.CFDataCreate(None, data, len(data)), made)


def _dictionary(made: ExitStack, **values: c_void_p) -> c_void_p:
    return _owned(_api().create_query(**values), made)


def _generic(made: ExitStack, **more: c_void_p) -> c_void_p:
    return _dictionary(
        made,
        kSecClass=_constant("kSecClassGenericPassword"),
        kSecUseDataProtectionKeychain=_constant("kCFBooleanFalse"),
        **more,
    )


def _item(service: str, account: str, made: ExitStack, **more: c_void_p) -> c_void_p:
    names = {"kSecAttrService": _text(service, made), "kSecAttrAccount": _text(account, made)}
    return _generic(made, **names, **more)


def _matching(query: c_void_p, made: ExitStack) -> tuple[int, c_void_p]:
    found = c_void_p()
    status = int(_api().SecItemCopyMatching(query, byref(found)))
    if found.value:
        made.callback(_api()._found.CFRelease, found)
    return status, found


def _bytes(data: c_void_p) -> bytes:
    length = int(_api().CFDataGetLength(data))
    return string_at(_api().CFDataGetBytePtr(data), length) if length else b""


def _elements(array: c_void_p) -> list[c_void_p]:
    found = _api()._found
    return [c_void_p(found.CFArrayGetValueAtIndex(array, at)) for at in range(found.CFArrayGetCount(array))]


def _names(item: c_void_p) -> tuple[str, str]:
    return _attribute(item, "kSecAttrService"), _attribute(item, "kSecAttrAccount")


def _attribute(item: c_void_p, name: str) -> str:
    """An attribute of an item; empty if it has none, or none that is text."""
    found = _api()._found
    value = found.CFDictionaryGetValue(item, _constant(name))
    if not value or found.CFGetTypeID(value) != found.CFStringGetTypeID():
        return ""
    room = create_string_buffer(
        4 * found.CFStringGetLength(value) + 1
    )  # in UTF-8 a unit of UTF-16 takes 3 bytes
    return room.value.decode("utf-8") if found.CFStringGetCString(value, room, len(room), _UTF8) else ""
