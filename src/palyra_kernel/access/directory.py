"""The directory: every principal that the vault knows, in one guarded record."""

from __future__ import annotations

import msgspec

from palyra_kernel.access.member import Grants, Member, check_roles
from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    PalyraError,
)
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.guard import SetState
from palyra_kernel.values.decoding import convert, decode_json
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal, Subject

ACCESS = Namespace("access", guarded=True)
_KEY = ACCESS.key("principals")
_FORMAT = 1
_MOST = 4096


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    grants: dict[str, tuple[str, ...]]
    added_at_ms: int


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    principals: tuple[_Line, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """The directory at one moment: the version of its record, and the members by principal."""

    version: int
    members: dict[Principal, Member]

    def subject(self, principal: Principal) -> Subject | None:
        """What is known of *principal*, or None."""
        member = self.members.get(principal)
        return None if member is None else member.subject()


class Directory:
    """Reads the record again only when the set-hash of its namespace changed; plans changes, commits none."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._seen: tuple[object, Snapshot] | None = None

    def subject(self, principal: Principal) -> Subject | None:
        """What is known of *principal*, or None."""
        return self.snapshot().subject(principal)

    def snapshot(self) -> Snapshot:
        """Everybody, compared with the set-hash. Raises :class:`IntegrityError` ``set_tampered``,
        ``principals_damaged``."""
        return self.snapshot_at(self._records.set_state(ACCESS))

    def snapshot_at(self, state: SetState | None) -> Snapshot:
        """The same for who has just read the set-hash; read anew only where *state* is another one."""
        seen = self._seen  # one read: another thread may replace it meanwhile
        if seen is None or seen[0] != state:
            found = self._records.load_guarded(ACCESS)
            version, members = 0, dict[Principal, Member]()
            if found:
                version = found[0].version
                members = _decoded(self._records.open(found[0]))
            if [stored.key for stored in found] not in ([], [_KEY]):
                raise _damaged()
            seen = self._seen = state, Snapshot(version, members)
        return seen[1]

    def plan_first(self, owner: Principal) -> Change:
        """*owner* becomes the first Owner; only where nobody is known yet."""
        change = Change()
        change.check(_KEY, 0)
        change.put(_KEY, _encoded({owner: Member(principal=owner, grants=_OWNER, added_at_ms=now_ms())}))
        return change

    def plan_grant(self, actor: Subject, principal: Principal, grants: Grants) -> Change:
        """Give *grants* to *principal*, which becomes known by that.

        Raises :class:`DeniedError` ``owner_only``, :class:`InvalidInputError` ``invalid_grant``.
        """
        check_roles(principal, grants)
        if "Owner" in grants.roles:
            _only_owners(actor)
        if principal == actor.principal and "Owner" not in actor.roles:
            raise DeniedError("self_promotion", "nobody but an Owner grants something to themselves")
        snapshot = self.snapshot()
        old = snapshot.members.get(principal)
        if old is None and len(snapshot.members) >= _MOST:
            raise InvalidInputError("too_many_principals", f"the vault knows {_MOST} principals already")
        held = old.grants if old is not None else Grants()
        since = old.added_at_ms if old is not None else now_ms()
        member = Member(principal=principal, grants=held.joined(grants), added_at_ms=since)
        return self._changed(snapshot, {**snapshot.members, principal: member})

    def plan_revoke(self, actor: Subject, principal: Principal, grants: Grants | None = None) -> Change:
        """Take *grants* from *principal*; None: everything, and it is unknown from then on.

        Raises :class:`NotFoundError` ``principal_missing``, :class:`DeniedError` ``owner_only``,
        :class:`ConflictError` ``last_owner``.
        """
        snapshot = self.snapshot()
        old = snapshot.members.get(principal)
        if old is None:
            raise NotFoundError(
                "principal_missing", f"{principal} is not known", hint="palyra principals list"
            )
        if "Owner" in old.grants.roles and (grants is None or "Owner" in grants.roles):
            _only_owners(actor)
        members = dict(snapshot.members)
        if grants is None:
            del members[principal]
        else:
            left = old.grants.without(grants)
            members[principal] = msgspec.structs.replace(old, grants=left)
        if not any("Owner" in member.grants.roles for member in members.values()):
            raise ConflictError(
                "last_owner", f"{principal} is the last Owner", hint="grant Owner to somebody else first"
            )
        return self._changed(snapshot, members)

    def _changed(self, snapshot: Snapshot, members: dict[Principal, Member]) -> Change:
        change = Change()
        change.check(_KEY, snapshot.version)
        change.put(_KEY, _encoded(members))
        return change


_OWNER = Grants(roles=("Owner",))


def _only_owners(actor: Subject) -> None:
    if "Owner" not in actor.roles:
        raise DeniedError("owner_only", "only an Owner makes and unmakes Owners")


def _encoded(members: dict[Principal, Member]) -> bytes:
    lines = (
        _Line(
            name=str(principal),
            grants={name: held for name, held in msgspec.structs.asdict(member.grants).items() if held},
            added_at_ms=member.added_at_ms,
        )
        for principal, member in sorted(members.items())
    )
    return msgspec.json.encode(_Document(format=_FORMAT, principals=tuple(lines)))


def _decoded(document: bytes) -> dict[Principal, Member]:
    try:
        decoded = decode_json(document, _Document)
        if decoded.format != _FORMAT:
            raise _damaged()
        return {
            (principal := Principal.parse(line.name)): Member(
                principal=principal,
                grants=convert(line.grants, Grants),
                added_at_ms=line.added_at_ms,
            )
            for line in decoded.principals
        }
    except (msgspec.DecodeError, PalyraError):
        raise _damaged() from None


def _damaged() -> IntegrityError:
    return IntegrityError(
        "principals_damaged", "the record of who may act is damaged", hint="restore it from a backup"
    )
