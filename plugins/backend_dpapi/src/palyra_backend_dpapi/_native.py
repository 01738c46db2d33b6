"""What Windows is asked to do, without a decision: data protection, and a folder of the user's own.

Every failure is the ``OSError`` that ``ctypes.WinError`` makes, with the code of Windows as ``winerror``.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101  # for mypy; nobody imports it elsewhere

from ctypes import wintypes  # noqa: E402

_UI_FORBIDDEN = 0x1
_TOKEN_QUERY = 0x8
_TOKEN_USER = 1
_SDDL_REVISION_1 = 1
_OWNER_ONLY = "D:P(A;OICI;FA;;;{sid})"
"""Nothing is inherited (P); the user has full access (FA), to the folder and what will be in it (OICI)."""


class _Blob(ctypes.Structure):
    _fields_ = (("size", wintypes.DWORD), ("data", ctypes.c_void_p))


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherit", wintypes.BOOL),
    )


_crypt32, _kernel32, _advapi32 = (
    ctypes.WinDLL(name, use_last_error=True) for name in ("crypt32", "kernel32", "advapi32")
)
_blob, _void = ctypes.POINTER(_Blob), ctypes.c_void_p
_crypt32.CryptProtectData.argtypes = (_blob, wintypes.LPCWSTR, _blob, _void, _void, wintypes.DWORD, _blob)
_crypt32.CryptUnprotectData.argtypes = (_blob, _void, _blob, _void, _void, wintypes.DWORD, _blob)
_kernel32.LocalFree.argtypes = (_void,)
_kernel32.LocalFree.restype = _void
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.GetCurrentProcess.restype = wintypes.HANDLE
_kernel32.CreateDirectoryW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(_SecurityAttributes))
_advapi32.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
_advapi32.GetTokenInformation.argtypes = (
    *(wintypes.HANDLE, ctypes.c_int, _void, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD)),
)
_advapi32.ConvertSidToStringSidW.argtypes = (_void, ctypes.POINTER(_void))
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    *(wintypes.LPCWSTR, wintypes.DWORD, ctypes.POINTER(_void), ctypes.POINTER(wintypes.DWORD)),
)


def protect(data: bytes | memoryview, entropy: bytes) -> bytes:
    """Encrypt *data* for the user of this process, on this machine; *entropy* must be given again. Never asks."""
    given = (ctypes.c_char * len(data)).from_buffer_copy(data)
    try:
        return bytes(_crypt(_crypt32.CryptProtectData, given, entropy))
    finally:
        ctypes.memset(given, 0, len(given))


def unprotect(data: bytes, entropy: bytes) -> bytearray:
    """Undo :func:`protect`, into a buffer that the caller wipes. Never asks."""
    return _crypt(_crypt32.CryptUnprotectData, (ctypes.c_char * len(data)).from_buffer_copy(data), entropy)


def make_folder(path: Path) -> None:
    """Make the folder *path* with an access list that names the user of this process and nobody else."""
    sddl = _OWNER_ONLY.format(sid=_sid())
    descriptor = _void()
    convert = _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
    _check(convert(sddl, _SDDL_REVISION_1, descriptor, None))
    try:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
        _check(_kernel32.CreateDirectoryW(str(path), attributes))
    finally:
        _kernel32.LocalFree(descriptor)


def _crypt(
    function: ctypes._NamedFuncPointer, given: ctypes.Array[ctypes.c_char], entropy: bytes
) -> bytearray:
    salt = (ctypes.c_char * len(entropy)).from_buffer_copy(entropy)
    blobs = [_Blob(len(part), ctypes.cast(part, _void)) for part in (given, salt)]
    got = _Blob()
    _check(function(blobs[0], None, blobs[1], None, None, _UI_FORBIDDEN, got))
    try:
        return bytearray((ctypes.c_char * got.size).from_address(got.data or 0))
    finally:
        ctypes.memset(got.data, 0, got.size)
        _kernel32.LocalFree(got.data)


def _sid() -> str:
    """The security identifier of the user of this process, as text."""
    token = wintypes.HANDLE()
    _check(_advapi32.OpenProcessToken(_kernel32.GetCurrentProcess(), _TOKEN_QUERY, token))
    try:
        size = wintypes.DWORD()
        _advapi32.GetTokenInformation(token, _TOKEN_USER, None, 0, size)  # fails, and tells the size
        user = ctypes.create_string_buffer(size.value)
        _check(_advapi32.GetTokenInformation(token, _TOKEN_USER, user, size, size))
    finally:
        _kernel32.CloseHandle(token)
    text = _void()
    _check(
        _advapi32.ConvertSidToStringSidW(_void.from_buffer(user), text)
    )  # its first field points to the SID
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _kernel32.LocalFree(text)


def _check(worked: int) -> None:
    if not worked:
        raise ctypes.WinError(ctypes.get_last_error())
