"""Whom the operating system says that this process belongs to."""

from __future__ import annotations

import os
import sys

from palyra_kernel.values.principals import Principal


def system_principal() -> Principal:
    """``user:UID``; on Windows ``user:NAME`` of the account. Taken from the system, never from the environment."""
    if sys.platform == "win32":
        return Principal("user", _windows_account())
    return Principal("user", str(os.getuid()))


if sys.platform == "win32":

    def _windows_account() -> str:
        import ctypes

        size = ctypes.c_ulong(257)
        name = ctypes.create_unicode_buffer(size.value)
        if not ctypes.windll.advapi32.GetUserNameW(name, ctypes.byref(size)):
            raise ctypes.WinError()
        return name.value
