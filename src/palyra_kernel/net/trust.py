"""Whose certificates count. No variable of the environment has a say: neither which are trusted nor who reads along."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

from palyra_kernel.errors import InvalidInputError, UnavailableError

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # the BSDs
)
_JUDGED_BY_THE_SYSTEM = sys.platform in ("darwin", "win32")


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 and newer, certificate and name checked, trusting the operating system's authorities, or with *ca_file*
    (PEM) those alone.

    ``ssl.create_default_context`` would honour ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` and ``SSLKEYLOGFILE``. Raises
    :class:`InvalidInputError` ``bad_ca_file``, :class:`UnavailableError` ``no_authorities``.
    """
    context: ssl.SSLContext
    if ca_file is None and _JUDGED_BY_THE_SYSTEM:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
        _load(context, ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(context: ssl.SSLContext, ca_file: Path | None) -> None:
    if ca_file is None:
        context.load_verify_locations(_bundle())
        return
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:  # of which ssl.SSLError is one
        raise InvalidInputError(
            "bad_ca_file",
            "the file of certificate authorities cannot be used",
            hint="give a readable file with certificates in PEM form",
        ) from error


def _bundle() -> str:
    """The operating system's bundle: where this Python was built to look, or where the distributions keep it."""
    built = ssl.get_default_verify_paths().openssl_cafile  # `cafile` would be what the environment says
    for path in (built, *_BUNDLES):
        if Path(path).is_file():
            return path
    raise UnavailableError(
        "no_authorities",
        "this machine has no certificate authorities where any distribution keeps them",
        hint="install the package ca-certificates, or give ca_file",
    )
