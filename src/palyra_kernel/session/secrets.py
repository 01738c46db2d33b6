"""Secrets as a principal sees them: the vault's methods, each decided before and written down with what it did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from palyra_kernel.errors import NotFoundError
from palyra_kernel.session.gate import Gate, Permit
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import SecretMetadata, Vault
from palyra_kernel.vault.metadata import SecretPage, SecretVersion
from palyra_kernel.vault.objects import Value

T = TypeVar("T")
Ref = str | VaultRef


class SessionSecrets:
    """The secrets of one session: the methods of :class:`Vault` with the same arguments and errors.

    Besides them :class:`DeniedError` with the code of the decision, :class:`ApprovalRequiredError`, and
    :class:`UnavailableError` ``rate_limited``. What cannot be written down does not happen: a full disk denies.
    """

    def __init__(self, gate: Gate, vault: Vault) -> None:
        self._gate = gate
        self._vault = vault

    def get(self, ref: Ref) -> SensitiveBytes:
        """Return the value."""
        permit = self.reading(ref)
        with self._gate.watched([permit]):
            value = self._vault.get(ref)
        return self._handed_out([permit], [value], value)

    def get_many(self, refs: Iterable[Ref]) -> dict[Ref, SensitiveBytes]:
        """Return several values: all, or an error."""
        given = list(refs)
        permits = [self.reading(ref) for ref in given]
        with self._gate.watched(permits):
            values = self._vault.get_many(given)
        return self._handed_out(permits, values.values(), values)

    def get_each(self, refs: Iterable[VaultRef]) -> dict[VaultRef, SensitiveBytes | NotFoundError]:
        """Return the value of each, or why there is none."""
        found: dict[VaultRef, SensitiveBytes | NotFoundError] = {}
        permits: list[Permit] = []
        try:
            for ref in refs:
                permit = self.reading(ref)
                try:
                    with self._gate.watched([permit]):
                        found[ref] = self._vault.get(ref)
                    permits.append(permit)
                except NotFoundError as error:
                    found[ref] = error
        except BaseException:
            _wipe(found.values())
            raise
        return self._handed_out(permits, found.values(), found)

    def _handed_out(self, permits: list[Permit], values: Iterable[object], answer: T) -> T:
        try:
            self._gate.settle(permits)
        except BaseException:
            _wipe(values)
            raise
        return answer

    def put(self, ref: Ref, value: Value, **options: Any) -> SecretMetadata:
        """Store *value* as the next version. See :meth:`Vault.put` for the options."""
        permit = self._writing(ref, value, options)
        with self._acting(permit) as vault:
            return vault.put(ref, value, **options)

    def put_many(self, values: Mapping[Ref, Value], *, create_only: bool = False) -> Sequence[SecretMetadata]:
        """Store several values, all or nothing."""
        permits = [self._writing(ref, value, {}) for ref, value in values.items()]
        if not permits:
            return []
        vault = self._vault.beside(partial(self._gate.beside, permits))
        with self._gate.watched(permits):
            return vault.put_many(values, create_only=create_only)

    def check(self, ref: Ref) -> None:
        """Raise what :meth:`get` would raise because of the index."""
        self.described(ref, lambda: self._vault.check(ref))

    def stat(self, ref: Ref) -> SecretMetadata:
        """Return the metadata of a secret."""
        return self.described(ref, lambda: self._vault.stat(ref))

    def history(self, ref: Ref) -> Sequence[SecretVersion]:
        """Return the versions of a secret, newest first."""
        return self.described(ref, lambda: self._vault.history(ref))

    def list(self, scope: str | VaultScope | None = "global", **options: Any) -> SecretPage:
        """Return metadata of the secrets of *scope*; None: of all that may be listed. See :meth:`Vault.list`."""
        if scope is None:
            return self._all_scopes(options)
        parsed = scope if isinstance(scope, VaultScope) else VaultScope.parse(scope)
        permit = self._gate.enter("secret.list", Resource("scope", str(parsed)))
        with self._gate.watched([permit]):
            page = self._vault.list(parsed, **options)
        self._gate.settle([permit])
        return page

    def _all_scopes(self, options: Mapping[str, Any]) -> SecretPage:
        """Those of the scopes that may be listed; whoever may list none of them is refused ``global``."""
        page = self._vault.list(None, **options)
        scopes = {metadata.ref.scope for metadata in page}
        listable = [
            scope for scope in scopes if self._gate.glance("secret.list", Resource("scope", str(scope)))
        ]
        asked = listable or [VaultScope.parse("global")]
        permits = [self._gate.enter("secret.list", Resource("scope", str(scope))) for scope in asked]
        shown = SecretPage(metadata for metadata in page if metadata.ref.scope in listable)
        shown.next_cursor = page.next_cursor
        self._gate.settle(permits)
        return shown

    def delete(self, ref: Ref, *, expected_version: int | None = None) -> bool:
        """Put a tombstone on a secret; its versions are kept."""
        permit = self._enter("secret.delete", ref)
        with self._acting(permit) as vault:
            return vault.delete(ref, expected_version=expected_version)

    def undelete(self, ref: Ref) -> SecretMetadata:
        """Take the tombstone away."""
        permit = self._enter("secret.write", ref, {"undelete": True})
        with self._acting(permit) as vault:
            return vault.undelete(ref)

    def rollback(self, ref: Ref, version: int) -> SecretMetadata:
        """Store the value of an older *version* again, as the next version."""
        permit = self._enter("secret.write", ref, {"rollback": version})
        with self._acting(permit) as vault:
            return vault.rollback(ref, version)

    def destroy(self, ref: Ref, versions: Collection[int] | None = None) -> int:
        """Destroy the payload of *versions*; without them the whole secret."""
        permit = self._enter(
            "secret.destroy", ref, {"versions": None if versions is None else sorted(versions)}
        )
        with self._acting(permit) as vault:
            return vault.destroy(ref, versions)

    def reading(self, ref: Ref) -> Permit:
        """A permit to read what *ref* means, for whoever reads it then."""
        parsed = VaultRef.parse(ref)
        part = {"version": parsed.version, "field": parsed.field}
        return self._enter("secret.read", parsed, part if any(part.values()) else None)

    def _enter(self, action: str, ref: Ref, arguments: object = None) -> Permit:
        labels = partial(self._labels, ref)
        return self._gate.enter(action, secret_resource(ref), arguments=arguments, looked_up=labels)

    def _labels(self, ref: Ref) -> Sequence[str]:
        """Labels of the secret as it is now."""
        try:
            labels = self._vault.stat(VaultRef.parse(ref).bare).labels
        except NotFoundError:
            return ()
        return tuple(f"{name}={value}" for name, value in labels.items())

    def _writing(self, ref: Ref, value: Value, options: Mapping[str, Any]) -> Permit:
        """A grant to write is for exactly one value: its digest is keyed, so that nobody can try what it was."""
        with SensitiveBytes(value.view() if isinstance(value, SensitiveBytes) else value) as copy:
            digest = sha256(copy.view())
        given = {name: _plain(option) for name, option in options.items() if option is not None}
        return self._enter("secret.write", ref, {**given, "value": self._gate.blinded("value", digest.hex())})

    def described(self, ref: Ref, look: Callable[[], T]) -> T:
        """What *look* finds out about *ref*, which is no value."""
        permit = self._enter("secret.describe", ref)
        with self._gate.watched([permit]):
            answer = look()
        self._gate.settle([permit])
        return answer

    @contextmanager
    def _acting(self, permit: Permit) -> Iterator[Vault]:
        """The vault, in whose next commit the event is."""
        with self._gate.watched([permit]):
            yield self._vault.beside(partial(self._gate.beside, [permit]))


def _plain(option: object) -> object:
    """An option of :meth:`Vault.put` as an approval shows it."""
    if isinstance(option, datetime):
        return option.isoformat()
    return dict(option) if isinstance(option, Mapping) else option


def secret_resource(ref: Ref) -> Resource:
    """The secret that *ref* is a reference to, as policies know it."""
    parsed = VaultRef.parse(ref)
    return Resource("secret", f"{parsed.scope}/{parsed.key}")


def _wipe(values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, SensitiveBytes):
            value.wipe()
