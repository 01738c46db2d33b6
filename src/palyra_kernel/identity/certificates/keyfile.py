"""Hands a certificate and its private key to OpenSSL, which takes files alone: never as a file with a clear key."""

from __future__ import annotations

import base64
import os
import ssl
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from palyra_kernel.identity.certificates.keys import unpacked
from palyra_kernel.values.sensitive import SensitiveBytes

_LINE = 64


def load_chain(context: ssl.SSLContext, chain: Iterable[bytes], key: SensitiveBytes) -> None:
    """Let *context* show *chain* (DER, the leaf first) with *key* (PKCS #8, DER).

    On Linux the file is one of memory, without a name; elsewhere, or where that is refused, the key in it is encrypted
    with a password that is made for it and that nobody else gets to know.
    """
    shown = "".join(ssl.DER_cert_to_PEM_cert(der) for der in chain).encode()
    if not _load_from_memory(context, shown, key):
        _load_encrypted(context, shown, key)


if sys.platform == "linux":

    def _load_from_memory(context: ssl.SSLContext, shown: bytes, key: SensitiveBytes) -> bool:
        """False where the system has no such files, or no ``/proc`` to name them by."""
        try:
            fd = os.memfd_create("certificate", os.MFD_CLOEXEC)
        except OSError:
            return False
        try:
            path = f"/proc/self/fd/{fd}"
            if not os.access(path, os.R_OK):
                return False
            with _pem(key) as pem:
                os.write(fd, shown)
                os.write(fd, pem.view())
                context.load_cert_chain(path)
                os.pwrite(fd, bytes(len(shown) + len(pem.view())), 0)
        finally:
            os.close(fd)
        return True

else:

    def _load_from_memory(context: ssl.SSLContext, shown: bytes, key: SensitiveBytes) -> bool:
        """There are no such files."""
        del context, shown, key
        return False


def _pem(key: SensitiveBytes) -> SensitiveBytes:
    """PKCS #8 in PEM, clear. The encoder hands over ``bytes``, which nothing can erase; they live for a moment."""
    text = base64.b64encode(key.view())
    lines = b"\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    return SensitiveBytes(b"-----BEGIN PRIVATE KEY-----\n" + lines + b"\n-----END PRIVATE KEY-----\n")


def _load_encrypted(context: ssl.SSLContext, shown: bytes, key: SensitiveBytes) -> None:
    from cryptography.hazmat.primitives import serialization as form

    password = os.urandom(32).hex().encode()
    sealed = unpacked(key).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(password)
    )
    fd, name = tempfile.mkstemp(prefix="palyra-certificate-")  # 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(shown + sealed)
        context.load_cert_chain(name, password=lambda: password)
    finally:
        Path(name).unlink(missing_ok=True)
