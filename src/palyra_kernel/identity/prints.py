"""Which device a certificate stands for: asked for every connection and every request."""

from __future__ import annotations

import msgspec

from palyra_kernel.errors import ConflictError, DeniedError, PalyraError
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.keys import CertificatePrint, IdentityPrint
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import DeviceKind, device_id, device_kind
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

PRINTS = Namespace("device_prints", guarded=True)
_CERTIFICATE = PRINTS.prefix + b"certificate/"
_IDENTITY = PRINTS.prefix + b"key/"
_FORMAT = 1


class Standing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="certificate"):
    """The device that a certificate stands for. ``used``: whether it was ever used; if not, its first use is to be
    committed before it is answered (``Devices.plan_first_use``)."""

    device: str
    kind: DeviceKind
    used: bool
    not_before_ms: int
    not_after_ms: int

    def __post_init__(self) -> None:
        device_id(self.device)
        device_kind(self.kind)

    def require(self, *kinds: DeviceKind) -> None:
        """Raise :class:`DeniedError` ``wrong_device_kind`` unless it is a device of one of *kinds*."""
        if self.kind not in kinds:
            raise DeniedError("wrong_device_kind", f"this is not for a device of the kind {self.kind}")


class _Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="key"):
    device: str


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    of: Standing | _Owner


class Prints:
    """Reads fingerprints; plans changes, commits none. What is not here stands for nobody: a certificate that was
    replaced, revoked or never issued by us."""

    def __init__(self, records: Records) -> None:
        self._kept: Kept[Standing | _Owner] = Kept(records, PRINTS, _decoded)

    def find(self, print: CertificatePrint, now_ms: int) -> Standing | None:
        """Whom the certificate stands for at this moment, as any process has last committed; None: nobody.

        Raises :class:`IntegrityError` ``set_tampered``, and whatever the store raises: nobody gets in on an error.
        """
        return _at(self._kept.get(_CERTIFICATE + print.encode()), now_ms)

    def glance(self, print: CertificatePrint, now_ms: int) -> Standing | None:
        """The same where it is known at once, without waiting for anything; None also where it is not."""
        return _at(self._kept.glance(_CERTIFICATE + print.encode()), now_ms)

    def owner(self, print: IdentityPrint) -> str | None:
        """The device that has this identity key."""
        found = self._kept.get(_IDENTITY + print.encode())
        return found.device if isinstance(found, _Owner) else None

    def all(self) -> tuple[dict[str, str], dict[str, str]]:
        """The devices by the fingerprints of their certificates, and by those of their identity keys."""
        certificates: dict[str, str] = {}
        keys: dict[str, str] = {}
        for key, row in self._kept.all():
            if row.value is not None:
                found, prefix = (
                    (certificates, _CERTIFICATE) if isinstance(row.value, Standing) else (keys, _IDENTITY)
                )
                found[key.removeprefix(prefix).decode()] = row.value.device
        return certificates, keys

    def plan_add(self, change: Change, leaf: Leaf, device: str, kind: DeviceKind) -> None:
        """Add to *change*: *leaf* stands for *device*.

        Raises :class:`ConflictError` ``certificate_known`` for one that did so before, for whomever.
        """
        key = certificate_key(leaf.print)
        row = self._kept.row(key)
        if row.version:
            raise ConflictError("certificate_known", "this certificate was handed out before")
        self._kept.plan(change, key, 0, encoded_standing(leaf, device, kind, used=False))

    def plan_used(self, change: Change, leaf: Leaf, device: str, kind: DeviceKind) -> None:
        """Add to *change*: *leaf*, which stands for *device*, was used."""
        key = certificate_key(leaf.print)
        document = encoded_standing(leaf, device, kind, used=True)
        self._kept.plan(change, key, self._kept.row(key).version, document)

    def plan_drop(self, change: Change, leaf: Leaf) -> None:
        """Add to *change*: *leaf* stands for nobody."""
        key = certificate_key(leaf.print)
        self._kept.plan(change, key, self._kept.row(key).version, None)

    def plan_own(self, change: Change, print: IdentityPrint, device: str) -> None:
        """Add to *change*: the identity key is that of *device*.

        Raises :class:`ConflictError` ``identity_key_taken`` if another device has it.
        """
        key = _IDENTITY + print.encode()
        row = self._kept.row(key)
        if isinstance(row.value, _Owner) and row.value.device != device:
            raise ConflictError(
                "identity_key_taken", "another device has this identity key", hint="palyra devices list"
            )
        if row.value is None:
            self._kept.plan(change, key, row.version, _encoded(_Owner(device=device)))
        else:
            change.check(key, row.version)

    def plan_disown(self, change: Change, print: IdentityPrint) -> None:
        """Add to *change*: the identity key is nobody's."""
        key = _IDENTITY + print.encode()
        self._kept.plan(change, key, self._kept.row(key).version, None)


def certificate_key(print: CertificatePrint) -> bytes:
    """The record key of a certificate."""
    return _CERTIFICATE + print.encode()


def encoded_standing(leaf: Leaf, device: str, kind: DeviceKind, *, used: bool) -> bytes:
    """The document that says that *leaf* stands for *device*."""
    return _encoded(
        Standing(
            device=device,
            kind=kind,
            used=used,
            not_before_ms=leaf.not_before_ms,
            not_after_ms=leaf.not_after_ms,
        )
    )


def _encoded(of: Standing | _Owner) -> bytes:
    return msgspec.json.encode(_Document(format=_FORMAT, of=of))


def _at(found: Standing | _Owner | None, now_ms: int) -> Standing | None:
    if not isinstance(found, Standing) or not found.not_before_ms <= now_ms <= found.not_after_ms:
        return None
    return found


def _decoded(document: bytes) -> Standing | _Owner | None:
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.of if found.format == _FORMAT else None
