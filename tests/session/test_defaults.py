"""The defaults through real sessions on a real vault: who, on whose secrets, doing what."""

import pytest

from tests.session.house import (
    CHANNEL,
    DEVICE,
    GATEWAY,
    MARKED,
    ME,
    NOBODY,
    OPERATOR,
    OTHER,
    PLANNER,
    READER,
    SECOND_CHANNEL,
    SECRETS,
    STRANGER,
    TOKEN,
    answer,
)

OK = ("ok", "ok", "ok")
FOREIGN = ("policy.deny.foreign_scope",) * 3
BASELINE = ("policy.baseline_deny",) * 3
UNVOUCHED = ("policy.deny.voucher_missing",) * 3
UNKNOWN = ("policy.deny.unknown_principal",) * 3
LACKS, ASKS = "secret.read.capability_not_granted", "secret.read.approval_required"
READS_NOTHING = (LACKS, LACKS, BASELINE[0])
ASKS_FIRST = (ASKS, LACKS, BASELINE[0])
OWN = (LACKS, LACKS, "ok")
TOOL = (LACKS, LACKS, "secret.write.tool_session")

PLAIN, MINE, AGENTS = "global/plain", f"principal:{ME}/own", f"principal:{PLANNER}/own"
CHANNELS, SKILLS = f"{CHANNEL}/own", "skill:mail/own"

# For each who, and each secret that is not foreign to them: the answer to reading, to describing and listing, to
# writing, deleting and destroying.
DEFAULTS = {
    "owner": (ME, {}, {PLAIN: OK, MARKED: OK, MINE: OK}),
    "another owner": (OTHER, {}, {PLAIN: OK, MARKED: OK}),
    "operator": (OPERATOR, {}, {PLAIN: BASELINE, MARKED: BASELINE}),
    "user without roles": (NOBODY, {}, {PLAIN: BASELINE, MARKED: BASELINE}),
    "tool of the owner": (ME, {"tool": "t"}, {PLAIN: TOOL, MARKED: (ASKS, *TOOL[1:]), MINE: TOOL}),
    "skill of the owner": (
        ME,
        {"skill": "mail", "vouched_by": ME},
        {PLAIN: OK, MARKED: OK, MINE: OK, SKILLS: OK},
    ),
    "agent": (PLANNER, {}, {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST, AGENTS: OWN}),
    "agent with SecretsRead": (
        READER,
        {},
        {PLAIN: ("ok", "ok", BASELINE[0]), MARKED: (ASKS, "ok", BASELINE[0])},
    ),
    "tool of an agent with SecretsRead": (
        READER,
        {"tool": "t"},
        {PLAIN: ("ok", "ok", TOOL[2]), MARKED: (ASKS, "ok", TOOL[2])},
    ),
    "device": (DEVICE, {}, {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST}),
    "token": (TOKEN, {}, {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST}),
    "service": (GATEWAY, {}, {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST}),
    "channel": (CHANNEL, {}, {PLAIN: BASELINE, MARKED: BASELINE, CHANNELS: UNVOUCHED}),
    "channel, vouched for": (
        CHANNEL,
        {"vouched_by": GATEWAY},
        {PLAIN: BASELINE, MARKED: BASELINE, CHANNELS: OK},
    ),
    "channel, the owner vouches": (
        CHANNEL,
        {"vouched_by": ME},
        {PLAIN: BASELINE, MARKED: BASELINE, CHANNELS: OK},
    ),
    "channel, somebody vouches": (
        CHANNEL,
        {"vouched_by": PLANNER},
        {PLAIN: BASELINE, MARKED: BASELINE, CHANNELS: UNVOUCHED},
    ),
    "another channel": (SECOND_CHANNEL, {"vouched_by": GATEWAY}, {PLAIN: BASELINE, MARKED: BASELINE}),
    "skill of an agent": (
        PLANNER,
        {"skill": "mail", "vouched_by": GATEWAY},
        {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST, AGENTS: OWN, SKILLS: OWN},
    ),
    "skill that vouches for itself": (
        PLANNER,
        {"skill": "mail", "vouched_by": PLANNER},
        {PLAIN: READS_NOTHING, MARKED: ASKS_FIRST, AGENTS: OWN, SKILLS: UNVOUCHED},
    ),
    "another skill": (
        READER,
        {"skill": "calendar", "vouched_by": GATEWAY},
        {PLAIN: ("ok", "ok", BASELINE[0]), MARKED: (ASKS, "ok", BASELINE[0])},
    ),
    "nobody that is known": (STRANGER, {}, dict.fromkeys(SECRETS, UNKNOWN)),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_who_may_do_what(house, name):
    """Hazard P9: any principal did anything to any secret. Also without effect on the vault where it is refused."""
    who, facts, known = DEFAULTS[name]
    with house.session(who, **facts) as session:
        for ref, before in SECRETS.items():
            reading, describing, writing = known.get(ref, FOREIGN)
            secrets, scope = session.secrets, ref.rpartition("/")[0]
            assert answer(secrets.get, ref) == reading, ref
            assert answer(secrets.stat, ref) == describing, ref
            assert answer(secrets.list, scope) == describing, ref
            assert answer(secrets.put, ref, b"other") == writing, ref
            assert house.value(ref) == (b"other" if writing == "ok" else before)
            assert answer(secrets.delete, ref) == writing, ref
            assert answer(secrets.destroy, ref) == writing, ref
            assert (house.value(ref) is None) == (writing == "ok")


@pytest.mark.parametrize("other", [ME, OTHER, NOBODY, READER, CHANNEL, GATEWAY])
def test_a_scope_of_somebody_is_nobody_elses(house, other):
    """Hazard P9: principal B read what belongs to principal A. Also through references and in one batch."""
    ref = AGENTS
    with house.session(other, vouched_by=ME) as session:
        assert answer(lambda: session.secrets.get(ref)) == FOREIGN[0]
        assert answer(lambda: session.secrets.get_many([ref])) == FOREIGN[0]
        assert answer(lambda: session.secrets.history(ref)) == FOREIGN[0]
        with session.resolver.resolve(f"vault://{ref}") as outcome:
            assert (outcome.status, outcome.value) == ("blocked", None)
        with session.resolver.run() as run, run.resolve(f"vault://{ref}") as outcome:
            assert (outcome.status, outcome.value) == ("blocked", None)
    assert {event.outcome for event in house.events()} == {"denied"}


def test_a_listing_of_everything_shows_what_may_be_listed(house):
    """Hazard P9: a listing told the names in scopes that could not be read."""
    shown = {
        (ME, None): {"global", f"principal:{ME}"},
        (OTHER, None): {"global"},
        (READER, None): {"global"},
        (CHANNEL, GATEWAY): {CHANNEL},
    }
    for (who, voucher), scopes in shown.items():
        with house.session(who, vouched_by=voucher) as session:
            page = session.secrets.list(None)
        assert {str(metadata.ref.scope) for metadata in page} == scopes


@pytest.mark.parametrize(
    ("who", "code"), [(STRANGER, UNKNOWN[0]), (NOBODY, BASELINE[0]), (PLANNER, LACKS), (CHANNEL, BASELINE[0])]
)
def test_whoever_may_list_nothing_is_refused_and_written_down(house, who, code):
    """Hazard P23: listing all scopes answered an empty page, and nobody ever knew that it was asked."""
    with house.session(who) as session:
        assert answer(lambda: session.secrets.list(None)) == code
    assert house.told() == [("secret.list", "denied", code)]


def test_a_rule_about_labels_holds_on_every_way_to_the_value(house):
    """Hazard P17: one surface left out what a rule looks at; so did references, which read no labels."""
    house.kernel.vault.put("global/labelled", b"1", labels={"env": "prod"})
    rules = """
        @id("no-prod") forbid (principal, action == Action::"secret.read", resource)
        when { resource.labels.contains("env=prod") };"""
    with house.session(ME, policies=rules) as session:
        assert answer(lambda: session.secrets.get("labelled")) == "policy.deny.rule"
        assert answer(lambda: session.secrets.get("global/plain")) == "ok"
        with session.resolver.resolve("vault://labelled") as outcome:
            assert outcome.status == "blocked"
        with session.resolver.run() as run, run.resolve("vault://labelled") as outcome:
            assert outcome.status == "blocked"
        with session.resolver.resolve("vault://plain") as outcome:
            assert outcome.status == "resolved"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"purpose": 5}, "invalid_session"),
        ({"surface": None}, "invalid_session"),
        ({"session": ""}, "invalid_session"),
        ({"tool": b"shell"}, "invalid_session"),
        ({"mtls": "yes"}, "invalid_session"),
        ({"reveals": 1}, "invalid_session"),
        ({"vouched_by": "nobody"}, "invalid_principal"),
        ({"policies": '@id("p") permit (principal, action, resource);'}, "policy_permit"),
        ({"policies": "forbid"}, "policy_syntax"),
        ({"policies": "(" * 40}, "policy_too_deep"),
        ({"policies": "//" * 70_000}, "policy_too_large"),
    ],
)
def test_a_session_of_nonsense_does_not_begin(house, facts, code):
    """Hazard P13: what has the wrong type is skipped by a rule that looks at it."""
    assert answer(lambda: house.session(ME, **facts)) == code


@pytest.mark.parametrize("purpose", ["\x00", "a\nb\x1b[31m", "\ud800", "x" * 1_000_000, "é" * 5_000])
def test_whatever_the_purpose_is_there_is_an_answer_and_an_event(house, purpose):
    """Hazard P13: a text that cannot be encoded, or is far too long, ended in a crash between decision and event."""
    with house.session(ME, purpose=purpose) as session:
        code = answer(lambda: session.secrets.get("global/plain"))
    assert code in ("ok", "policy.deny.request_too_large", "policy.deny.evaluation_error")
    (event,) = house.events()
    assert event.outcome == ("allowed" if code == "ok" else "denied")
    assert len(event.purpose) < 2_000
