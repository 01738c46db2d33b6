"""Whether the CAs of a record are CAs at all: keys, certificates, who signed whom, and the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.errors import DeniedError, IntegrityError
from palyra_kernel.identity.ca.bundle import accepted_bundle, bundle_of
from palyra_kernel.identity.ca.documents import Authorities, Ca
from palyra_kernel.identity.ca.secrets import Secrets
from palyra_kernel.identity.certificates.times import check_now

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def check_authorities(state: Authorities, secrets: Secrets, now_ms: int) -> None:
    """Open each key of *state* and compare it with its certificate; the certificates with each other, the bundle with
    its signature, and those that sign with *now_ms*.

    Raises :class:`IntegrityError` ``ca_damaged``, ``ca_key_missing``, ``ca_key_mismatch``; :class:`UnavailableError`
    ``ca_expired``, ``clock_behind``.
    """
    roots = {ca.id: _checked(ca, secrets) for ca in state.roots}
    for root in roots.values():
        _check_issued(root, root, depth=1)
    issuing = {ca.id: _checked(ca, secrets) for ca in state.issuing}
    for ca in state.issuing:
        if ca.parent not in roots:
            raise _damaged("an issuing CA has no root")
        _check_issued(issuing[ca.id], roots[ca.parent], depth=0)
    if state.signing.parent != state.root.id:
        raise _damaged("the CA that signs is not under the root that counts")
    secrets.identity(state)
    try:
        accepted_bundle(bundle_of(state).encoded(), state.signer, state.domain)
    except DeniedError as error:
        raise _damaged(error.message) from None
    check_now(roots[state.root.id], now_ms)
    check_now(issuing[state.signing.id], now_ms)


def _checked(ca: Ca, secrets: Secrets) -> Certificate:
    return secrets.signer(ca).certificate


def _check_issued(certificate: Certificate, by: Certificate, *, depth: int) -> None:
    """Whether *certificate* is that of a CA with *depth* CAs below it, signed by *by*."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(by)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        raise _damaged("a CA certificate is not signed by its root") from None
    if constraints != x509.BasicConstraints(True, depth):
        raise _damaged("a CA certificate has not the limits of its place")


def _damaged(message: str) -> IntegrityError:
    return IntegrityError("ca_damaged", message, hint="restore the state root from a backup")
