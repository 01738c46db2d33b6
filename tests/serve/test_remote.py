"""Who may knock from elsewhere: every condition by itself, named, and none of them a switch that opens all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from palyra_kernel.config import Config, GatewayConfig, RemoteConfig, read_config
from palyra_kernel.daemon.addresses import Address
from palyra_kernel.daemon.remote import ACKNOWLEDGED, check_remote
from palyra_kernel.errors import DeniedError, InvalidInputError

GOOD = GatewayConfig(hosts=("gateway.example",), remote=RemoteConfig(acknowledged=True))
SAID = {ACKNOWLEDGED: "1"}


def nothing_wrong():
    return ()


def refusal(names=("work",), config=GOOD, environment=SAID, deciding=nothing_wrong):
    with pytest.raises(DeniedError) as caught:
        check_remote(names, config, environment, deciding)
    return caught.value


def test_all_conditions_together_let_others_in():
    check_remote(["enrolment", "work"], GOOD, SAID, nothing_wrong)


def test_this_machine_alone_needs_no_condition():
    def never():
        raise AssertionError("nobody from elsewhere comes")

    check_remote([], GatewayConfig(), {}, never)


@pytest.mark.parametrize(
    ("named", "config", "environment", "deciding"),
    [
        ("acknowledged_in_config", replace(GOOD, remote=RemoteConfig()), SAID, nothing_wrong),
        ("acknowledged_in_environment", GOOD, {}, nothing_wrong),
        ("acknowledged_in_environment", GOOD, {ACKNOWLEDGED: "true"}, nothing_wrong),
        ("acknowledged_in_environment", GOOD, {ACKNOWLEDGED: ""}, nothing_wrong),
        ("hosts", replace(GOOD, hosts=("localhost", "127.0.0.1", "::1")), SAID, nothing_wrong),
        ("hosts", replace(GOOD, hosts=()), SAID, nothing_wrong),
        ("hosts", replace(GOOD, hosts=("*.example",)), SAID, nothing_wrong),
        ("hosts", replace(GOOD, hosts=("0.0.0.0", "a.localhost")), SAID, nothing_wrong),
        ("policies", GOOD, SAID, lambda: [("policies", "they do not load")]),
        ("approvals", GOOD, SAID, lambda: [("approvals", "they bind nobody")]),
    ],
)
def test_each_condition_stands_alone(named, config, environment, deciding):
    """Hazard H1: one switch made every request of a node unauthenticated."""
    error = refusal(config=config, environment=environment, deciding=deciding)
    assert error.code == "remote_bind_refused"
    assert f"{named}: " in error.message
    assert error.message.count(": ") == 2


def test_all_that_fails_is_said_at_once():
    error = refusal(("enrolment", "work"), GatewayConfig(), {}, lambda: [("approvals", "no")])
    for named in ("acknowledged_in_config", "acknowledged_in_environment", "hosts", "approvals"):
        assert named in error.message


def test_health_is_never_of_others():
    assert refusal(("health",)).code == "health_not_local"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("127.0.0.1:7443", True),
        ("127.8.9.10:0", True),
        ("[::1]:7443", True),
        ("localhost:7443", True),
        ("[::ffff:127.0.0.1]:1", False),
        ("0.0.0.0:7443", False),
        ("[::]:7443", False),
        ("192.0.2.1:7443", False),
        ("gateway.example:7443", False),
        ("localhost.example:7443", False),
    ],
)
def test_what_is_this_machine_alone(text, local):
    """A name other than localhost may mean another address tomorrow, and 0.0.0.0 means all of them."""
    address = Address.parse(text, "work")
    assert address is not None
    assert address.local is local


@pytest.mark.parametrize(
    "text",
    ["7443", ":7443", "::1:7443", "127.0.0.1", "127.0.0.1:", "a:99999", "a:-1", "[::1]", "a:٣", "a b:x"],
)
def test_what_is_no_address_is_an_error_and_not_a_default(text):
    with pytest.raises(InvalidInputError) as caught:
        Address.parse(text, "work")
    assert caught.value.code == "invalid_config"
    assert "gateway.work" in caught.value.message


def test_no_address_is_no_listener():
    assert Address.parse("", "work") is None


@pytest.mark.parametrize(
    "text",
    [
        "[gateway]\nmtls = false",
        "[gateway]\nrequire_client_certificates = false",
        "[gateway.remote]\nacknowledged = true\ninsecure = true",
        "[gateway]\nmax_connections = 0",
        "[limits.default]\nper_minute = 0",
        "[limits.default]\nburst = 0",
    ],
)
def test_nothing_in_the_file_turns_a_protection_off(tmp_path, text):
    """Hazard H1: the configuration had a key for it. Here work without mutual TLS, and no limit at all, cannot be
    written down."""
    (tmp_path / "palyra.toml").write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        read_config(tmp_path)
    assert caught.value.code == "invalid_config"


def test_by_default_every_listener_is_of_this_machine():
    gateway = Config().gateway
    for name in ("enrolment", "work", "health"):
        address = Address.parse(getattr(gateway, name), name)
        assert address is not None
        assert address.local
