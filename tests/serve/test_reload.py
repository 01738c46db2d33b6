"""The configuration read again: all of what changed, or nothing of it."""

from __future__ import annotations

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.config import BucketConfig, read_config
from palyra_kernel.daemon.reload import reread
from palyra_kernel.errors import ConflictError, InvalidInputError, UnavailableError
from palyra_kernel.kernel.gateway import change_limits

BEFORE = """
[gateway]
work = "127.0.0.1:7444"
[limits."secret.read"]
burst = 5
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "palyra.toml"
    path.write_text(BEFORE)
    return path


@pytest.mark.parametrize(
    ("added", "changed"),
    [
        ("", ()),
        ("# a remark", ()),
        ("[limits.default]\nburst = 7", ("limits.default",)),
        ('[limits."secret.list"]\nper_minute = 7.5', ("limits.secret.list",)),
    ],
)
def test_what_can_change_is_named(file, added, changed):
    before = read_config(file.parent)
    file.write_text(BEFORE + added)
    assert reread(file.parent, before)[1] == changed


def test_hosts_and_grace_change_while_it_runs(file):
    before = read_config(file.parent)
    file.write_text(BEFORE.replace("[gateway]", '[gateway]\nhosts = ["a.example"]\ngraceful_seconds = 5'))
    fresh, changed = reread(file.parent, before)
    assert changed == ("gateway.graceful_seconds", "gateway.hosts")
    assert fresh.gateway.hosts == ("a.example",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (BEFORE.replace("7444", "7555"), "gateway.work"),
        (BEFORE + '[vault]\nbackend = "other"', "vault.backend"),
        (BEFORE + "[gateway.remote]\nacknowledged = true", "gateway.remote.acknowledged"),
        (BEFORE + "[sources.env]\nallow = []", "sources.env"),
        (BEFORE + "[limits.default]\nburst = 7\n[auth]\nca_file = '/etc/ca.pem'", "auth.ca_file"),
    ],
)
def test_what_cannot_is_named_and_nothing_changes(file, text, named):
    """Half of a change is a state that nobody wrote down."""
    before = read_config(file.parent)
    file.write_text(text)
    with pytest.raises(ConflictError) as caught:
        reread(file.parent, before)
    assert caught.value.code == "restart_needed"
    assert f" {named} cannot change" in caught.value.message


def test_a_file_that_is_damaged_meanwhile_is_refused(file):
    before = read_config(file.parent)
    file.write_text("[gateway")
    with pytest.raises(InvalidInputError):
        reread(file.parent, before)


def test_limits_hold_from_now_on_in_sessions_that_are_open(kernel):
    with kernel.session(system_principal()) as session:
        change_limits(kernel, {"principal.list": BucketConfig(burst=1, per_minute=0.01)})
        session.principals.list()
        with pytest.raises(UnavailableError) as caught:
            session.principals.list()
        assert caught.value.code == "rate_limited"
        with pytest.raises(InvalidInputError):
            change_limits(kernel, {"no.such.action": BucketConfig()})
        with pytest.raises(UnavailableError):
            session.principals.list()
        change_limits(kernel, {})
        session.principals.list()
