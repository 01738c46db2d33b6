"""``palyra --as WHO``: acting as somebody else, for whom the user of the operating system vouches."""

import pytest

from palyra_kernel.access.system import system_principal

ME = str(system_principal())
CHANNEL = "channel:slack:T1"


@pytest.fixture
def cast(call):
    """A channel, an agent that may read and one that may not, a user who may do nothing."""
    for arguments in (
        (CHANNEL,),
        ("agent:reader", "--capability", "SecretsRead"),
        ("agent:planner",),
        ("user:guest",),
    ):
        assert call("principals", "grant", *arguments).code == 0
    call.set("plain", b"plain value")
    call.set("openai_api_key", b"marked value")
    return call


def told(call, count):
    """The last events, but for the one of looking at them."""
    events = call("audit", "tail", "-n", str(count + 1), "--json").json["events"]
    return [each["event"] for each in events[:-1]]


def refused(outcome):
    return outcome.code, outcome.error["code"]


def test_a_channel_has_its_own_scope_and_no_other(cast):
    """Hazard P9: what a channel said was done with the rights of whoever ran the program."""
    ref = f"{CHANNEL}/token"
    assert cast("--as", CHANNEL, "secrets", "set", ref, stdin=b"its own").code == 0
    assert cast("--as", CHANNEL, "secrets", "get", ref, "--reveal").out == b"its own"
    outcome = cast("--json", "--as", CHANNEL, "secrets", "get", "plain", "--reveal")
    assert refused(outcome) == (4, "policy.baseline_deny")
    assert outcome.out == b""
    outcome = cast("--json", "secrets", "get", ref, "--reveal")
    assert refused(outcome) == (4, "policy.deny.foreign_scope")
    assert "--as" in outcome.error["hint"]


def test_a_skill_has_its_own_scope(cast):
    """Hazard P9: every skill read the secrets of all."""
    assert cast("--as", "skill:mail", "secrets", "set", "skill:mail/token", stdin=b"1").code == 0
    assert cast("--as", "skill:mail", "secrets", "get", "skill:mail/token", "--reveal").out == b"1"
    for name in ("skill:calendar", ME, CHANNEL):
        outcome = cast("--json", "--as", name, "secrets", "get", "skill:mail/token", "--reveal")
        assert refused(outcome) == (4, "policy.deny.foreign_scope"), name


def test_an_agent_reads_with_the_capability_and_asks_for_what_is_marked(cast):
    """Hazard P16: what needs an approval was a refusal like any other, and nobody knew how to get one."""
    assert cast("--as", "agent:reader", "secrets", "get", "plain", "--reveal").out == b"plain value"
    outcome = cast("--json", "--as", "agent:planner", "secrets", "get", "plain", "--reveal")
    assert refused(outcome) == (4, "secret.read.capability_not_granted")
    outcome = cast("--json", "--as", "agent:reader", "secrets", "get", "openai_api_key", "--reveal")
    assert refused(outcome) == (5, "secret.read.approval_required")
    (waiting,) = cast("approvals", "list", "--json").json["approvals"]
    assert waiting["id"] in outcome.error["hint"]


def test_run_as_an_agent_gives_a_program_only_what_the_agent_may_read(cast):
    """Hazard P2: a wrapper read for its child whatever its user could."""
    arguments = ["run", "--env", "A=openai_api_key", "--", "true"]
    outcome = cast("--as", "agent:reader", *arguments)
    assert outcome.code in (4, 5)
    assert "marked value" not in outcome.err


UNKNOWN = {
    "agent:stranger": (4, "policy.deny.unknown_principal"),
    "stranger": (2, "invalid_principal"),
    "skill:": (2, "invalid_scope"),
    "": (2, "invalid_principal"),
    "kernel:ca": (2, "invalid_principal"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_nobody_that_is_known(cast, name):
    """Hazard P17: a name that nobody had granted anything was as good as any."""
    code, error = UNKNOWN[name]
    outcome = cast("--json", "--as", name, "secrets", "get", "plain", "--reveal")
    assert outcome.code == code, outcome
    assert outcome.error["code"].startswith(error.partition("_")[0])
    assert outcome.out == b""


def test_only_an_owner_vouches(cast):
    """Hazard P3: whoever could name a principal was that principal."""
    assert cast("principals", "grant", "user:other", "--role", "Owner").code == 0
    assert cast("principals", "revoke", ME, "--role", "Owner", "--yes").code == 0
    for name in ("user:other", "agent:reader", CHANNEL, "skill:mail"):
        outcome = cast("--json", "--as", name, "secrets", "get", "plain", "--reveal")
        assert refused(outcome) == (4, "policy.baseline_deny"), name


def test_the_log_says_who_acted_and_who_vouched(cast):
    """Hazard P23: what was done in the name of somebody else was done by nobody."""
    cast("--as", "agent:reader", "secrets", "get", "plain", "--reveal")
    vouching, reading = told(cast, 2)
    assert (vouching["api.operation"], vouching["actor.user.uid"]) == ("principal.vouch", ME)
    assert vouching["resource.uid"] == "principal:agent:reader"
    assert (reading["api.operation"], reading["actor.user.uid"]) == ("secret.read", "agent:reader")
    assert reading["actor.invoked_by"] == ME
    assert reading["api.service.name"] == "cli"


@pytest.mark.parametrize(
    "arguments",
    [
        ("secrets", "set", "plain"),
        ("secrets", "rm", "plain", "--yes"),
        ("secrets", "destroy", "plain", "--yes"),
        ("secrets", "list"),
        ("secrets", "history", "plain"),
        ("secrets", "get", "plain", "--reveal"),
        ("principals", "list"),
        ("principals", "grant", "agent:x"),
        ("policy", "show"),
        ("policy", "show", "previous"),
        ("approvals", "list"),
        ("audit", "tail"),
        ("vault", "rekey"),
        ("vault", "gc"),
        ("slots", "list"),
    ],
    ids=" ".join,
)
def test_a_guest_does_nothing_and_every_try_is_in_the_log(cast, arguments):
    """Hazards P9, P23: a verb that asks nobody."""
    outcome = cast("--json", "--as", "user:guest", *arguments, stdin=b"other")
    assert outcome.code == 4, outcome
    assert outcome.error["code"] == "policy.baseline_deny"
    (last,) = told(cast, 1)
    assert (last["actor.user.uid"], last["status"]) == ("user:guest", "denied")
    assert cast.reveal("plain") == b"plain value"
