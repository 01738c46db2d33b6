"""Who is known, who is Owner, and who may say so."""

import json

import pytest

from palyra_kernel.access.directory import ACCESS, Directory
from palyra_kernel.access.member import Grants
from palyra_kernel.access.system import system_principal
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.records import Change
from palyra_kernel.values.principals import Principal
from tests.support import Parts, Places

OWNER = Principal("user", "1")
ADMIN = Principal("user", "2")
AGENT = Principal("agent", "planner")


@pytest.fixture
def parts(tmp_path):
    parts = Parts(tmp_path / "parts")
    parts.records.commit(Directory(parts.records).plan_first(OWNER))
    return parts


@pytest.fixture
def directory(parts):
    return Directory(parts.records)


def granted(parts, directory, actor, principal, **grants):
    change = directory.plan_grant(directory.subject(actor), principal, Grants(**grants))
    parts.records.commit(change)
    return directory.subject(principal)


def test_whoever_makes_the_vault_is_its_owner(tmp_path):
    with Places(tmp_path).create() as kernel:
        snapshot = Directory(kernel._records).snapshot()
    assert list(snapshot.members) == [system_principal()]
    assert snapshot.members[system_principal()].grants.roles == ("Owner",)


def test_there_is_one_first_owner(parts, directory):
    with pytest.raises(ConflictError):
        parts.records.commit(directory.plan_first(ADMIN))
    assert directory.subject(ADMIN) is None


def test_grants_add_up_and_are_taken_one_by_one(parts, directory):
    granted(parts, directory, OWNER, AGENT, capabilities=("SecretsRead",), groups=("night",))
    subject = granted(
        parts, directory, OWNER, AGENT, capabilities=("Network",), speaks_for=("skill:weather",)
    )
    assert subject.capabilities == ("Network", "SecretsRead")
    assert subject.groups == ("night",)
    change = directory.plan_revoke(directory.subject(OWNER), AGENT, Grants(capabilities=("SecretsRead",)))
    parts.records.commit(change)
    assert directory.subject(AGENT).capabilities == ("Network",)
    parts.records.commit(directory.plan_revoke(directory.subject(OWNER), AGENT))
    assert directory.subject(AGENT) is None


def test_another_process_sees_a_grant_at_once(parts, directory):
    """Hazard A3: grants and revocations that were cached changed no decision."""
    other = Directory(parts.records)
    assert other.subject(AGENT) is None
    granted(parts, directory, OWNER, AGENT, groups=("night",))
    known = other.subject(AGENT)
    assert known is not None
    assert known.groups == ("night",)


def test_only_an_owner_makes_and_unmakes_owners(parts, directory):
    """Hazard A2: an Admin invited somebody as Owner."""
    granted(parts, directory, OWNER, ADMIN, roles=("Admin",))
    admin = directory.subject(ADMIN)
    for plan in (
        lambda: directory.plan_grant(admin, Principal("user", "3"), Grants(roles=("Owner",))),
        lambda: directory.plan_grant(admin, ADMIN, Grants(roles=("Owner",))),
        lambda: directory.plan_revoke(admin, OWNER),
        lambda: directory.plan_revoke(admin, OWNER, Grants(roles=("Owner",))),
    ):
        with pytest.raises(DeniedError) as caught:
            plan()
        assert caught.value.code == "owner_only"


def test_nobody_promotes_themselves(parts, directory):
    """Hazard A1: an administrator gave itself what it was not given."""
    granted(parts, directory, OWNER, ADMIN, roles=("Admin",))
    with pytest.raises(DeniedError) as caught:
        directory.plan_grant(directory.subject(ADMIN), ADMIN, Grants(capabilities=("SecretsRead",)))
    assert caught.value.code == "self_promotion"


@pytest.mark.parametrize("grants", [None, Grants(roles=("Owner",))])
def test_the_last_owner_stays(directory, grants):
    with pytest.raises(ConflictError) as caught:
        directory.plan_revoke(directory.subject(OWNER), OWNER, grants)
    assert caught.value.code == "last_owner"


@pytest.mark.parametrize("principal", [AGENT, Principal("channel", "slack:T1"), Principal("token", "t")])
@pytest.mark.parametrize("role", ["Owner", "Admin"])
def test_programs_do_not_own(directory, principal, role):
    with pytest.raises(InvalidInputError) as caught:
        directory.plan_grant(directory.subject(OWNER), principal, Grants(roles=(role,)))
    assert caught.value.code == "invalid_grant"


@pytest.mark.parametrize(
    "grants",
    [
        {"roles": ("owner",)},
        {"workspaces": ("a b",)},
        {"groups": ("",)},
        {"capabilities": ("secrets.read",)},
        {"speaks_for": ("slack",)},
        {"speaks_for": ("skill:",)},
        {"groups": tuple(f"g{number}" for number in range(65))},
    ],
)
def test_a_grant_that_means_nothing_is_refused(grants):
    with pytest.raises(InvalidInputError):
        Grants(**grants)


def test_who_is_not_known_cannot_lose_anything(directory):
    with pytest.raises(NotFoundError) as caught:
        directory.plan_revoke(directory.subject(OWNER), AGENT)
    assert caught.value.code == "principal_missing"


def test_two_grants_at_once_do_not_lose_one(parts, directory):
    first = directory.plan_grant(directory.subject(OWNER), AGENT, Grants(groups=("a",)))
    second = directory.plan_grant(directory.subject(OWNER), AGENT, Grants(groups=("b",)))
    parts.records.commit(first)
    with pytest.raises(ConflictError):
        parts.records.commit(second)
    assert directory.subject(AGENT).groups == ("a",)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"format":2,"principals":[]}',
        json.dumps({"format": 1, "principals": [{"name": "root", "grants": {}, "added_at_ms": 0}]}).encode(),
        json.dumps(
            {"format": 1, "principals": [{"name": "user:1", "grants": {"roles": ["God"]}, "added_at_ms": 0}]}
        ).encode(),
    ],
)
def test_a_damaged_directory_knows_nobody_and_says_so(parts, document):
    change = Change()
    change.put(ACCESS.key("principals"), document)
    parts.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        Directory(parts.records).subject(OWNER)
    assert caught.value.code == "principals_damaged"


def test_a_directory_that_was_put_back_is_found(parts, directory):
    """A revoked principal comes back when an attacker puts the record of yesterday into the store."""
    key = ACCESS.key("principals")
    before = parts.store.get(key)
    granted(parts, directory, OWNER, AGENT, groups=("night",))
    parts.store.shelf.records[key] = before
    with pytest.raises(IntegrityError) as caught:
        Directory(parts.records).snapshot()
    assert caught.value.code == "set_tampered"
