"""One way to a credential, and what that is good for."""

import ast
from pathlib import Path

import pytest

from palyra_kernel import ProviderResponse
from tests.auth.vendor import Vendor
from tests.auth.world import Time, auth_of, keyed, login
from tests.support import Places

SOURCE = Path(__file__).parents[2] / "src" / "palyra_kernel"
OPENERS = {"read", "value"}
MAY_OPEN = {
    "auth/held.py": "for a lease",
    "auth/refresh.py": "to refresh it",
    "auth/login/logout.py": "to have it revoked",
    "session/auth_logins.py": "the secret of a client, to log in with it again",
}
"""Files that open what is kept for a profile, and what for."""


def opened():
    """Where a method of ``tokens`` is called that gives a secret."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            place = node.func.value
            named = place.attr if isinstance(place, ast.Attribute) else getattr(place, "id", "")
            if node.func.attr in OPENERS and named.strip("_") == "tokens":
                yield path.relative_to(SOURCE).as_posix()


def made(name):
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield path.relative_to(SOURCE).as_posix()


def test_nothing_else_opens_a_credential():
    """Invariant I1 of auth profiles: one get_token is the only way to use a credential."""
    assert set(opened()) == set(MAY_OPEN)
    assert set(made("TokenLease")) == {"auth/freshness.py"}
    assert set(made("Held")) == {"auth/service.py"}


@pytest.fixture
def kernel(tmp_path):
    with Places(tmp_path).create() as made:
        yield made


def test_a_process_that_lives_long_has_the_newest_token(kernel):
    """Hazard H1 of auth profiles: secrets were copied once, at the start; a login died after its first hour."""
    time = Time()
    with Vendor() as vendor:
        vendor.adjust("newest_only", value=True)
        here, there = auth_of(kernel, time.clock), auth_of(kernel, time.clock)
        try:
            login(here, vendor)
            for number in range(4):
                for auth in (here, there):
                    lease = auth.get_token("main")
                    assert vendor.works(lease.reveal().decode())
                    assert auth.report(lease, ProviderResponse(status=200)).retry == "no"
                assert vendor.counts["refreshed"] == number
                time.pass_by(3600)
        finally:
            here.close()
            there.close()


def test_another_provider_is_none_of_a_login(kernel):
    """Hazard H19 of auth profiles: connecting one provider rewrote the address of another, which got its key."""
    auth = kernel.auth
    with Vendor() as one, Vendor() as other:
        keyed(auth, "sk-of-one-provider", "key", provider="custom:one")
        login(auth, one, "mine", provider="custom:one")
        before = dict(kernel._records.scan(b"", None, 1000))
        mine = {auth.parts.registry.key(name) for name in ("key", "mine")} | {
            auth.parts.families.key(name) for name in ("key", "mine")
        }
        login(auth, other, "theirs", provider="custom:other")
        auth.refresh("theirs")
        after = dict(kernel._records.scan(b"", None, 1000))
        assert {key: after[key] for key in mine} == {key: before[key] for key in mine}
        auth.refresh("mine")
        assert one.counts["refreshed"] == other.counts["refreshed"] == 1
        with auth.parts.tokens.read("mine") as held:
            secret = held.refresh_token.reveal().decode()
        assert all(secret not in str(seen) and "sk-of-one" not in str(seen) for seen in other.requests)
