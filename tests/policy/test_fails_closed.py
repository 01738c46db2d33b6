"""Whatever goes wrong while a request is decided is a denial with a code."""

import logging

import cedarpy
import pytest

from palyra_kernel.policy import codes
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.probes import probes
from palyra_kernel.values.decisions import ActionRequest, Deny, Resource
from palyra_kernel.values.principals import Principal, Subject
from tests.policy.asking import AGENT, OWNER, READER, answer, engine_of, request, short

BROKEN = f"deny {codes.EVALUATION_ERROR}"
INVALID = f"deny {codes.INVALID_REQUEST}"


class Panic(BaseException):
    """What a panic of the library looks like: no Exception."""


FAULTS = [
    ValueError,
    TypeError,
    KeyError,
    RuntimeError,
    MemoryError,
    RecursionError,
    OSError,
    StopIteration,
    Panic,
]


def raising(fault):
    def call(*args, **kwargs):
        raise fault("canary-5f2e")

    return call


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["is_authorized", "Entities.from_json_str", "PolicySet.from_str"])
def test_every_exception_of_the_library_denies(monkeypatch, caplog, fault, name):
    """Hazards C5 and C7: the library raises where it does not answer NoDecision, and quotes the request."""
    engine = PolicyEngine(Bundle.default())
    owner, _, attribute = name.rpartition(".")

    class Broken(getattr(cedarpy, owner) if owner == "Entities" else object):  # type: ignore[misc]
        pass

    setattr(Broken, attribute, staticmethod(raising(fault)))
    monkeypatch.setattr(cedarpy, owner or name, Broken if owner else raising(fault))
    with caplog.at_level(logging.DEBUG):
        assert answer(engine, OWNER, "secret.read", "secret:global/x") == BROKEN
    assert "canary" not in caplog.text, "messages of the library quote requests"


@pytest.mark.parametrize("where", ["question", "first_objection", "strictest"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_exception_of_ours_denies(monkeypatch, where, fault):
    engine = PolicyEngine(Bundle.default())
    monkeypatch.setattr(f"palyra_kernel.policy.engine.{where}", raising(fault))
    secret = "openai_api_key" if where == "strictest" else "x"
    assert answer(engine, READER, "secret.read", f"secret:global/{secret}") == BROKEN


def result(decision="Allow", reason=("policy0",), errors=(), names=None, metrics=True):
    answered = {"decision": decision, "diagnostics": {"reason": [*reason], "errors": [*errors]}}
    answered["diagnostics"]["id_annotations_by_reason"] = (
        {"policy0": "rail-principal-scope"} if names is None else names
    )
    return cedarpy.AuthzResult(answered | ({"metrics": {"authz_duration_micros": 1}} if metrics else {}))


@pytest.mark.parametrize(
    "found",
    [
        result(decision="NoDecision", metrics=False, reason=()),
        result(decision="NoDecision"),
        result(errors=["x"]),
        result(decision="Deny", reason=(), errors=["x"]),
        result(metrics=False),
        result(reason=()),
        result(),  # a forbid cannot be the reason to allow
        result(names={"policy0": "owner-global"}),
        result(names={}),
        result(reason=("policy99",)),
        result(reason=("policy-1",)),
        result(reason=("x",)),
        result(decision="Perhaps"),
        cedarpy.AuthzResult({}),
        None,
        True,
        "Allow",
    ],
)
def test_only_a_clean_allow_allows(monkeypatch, found):
    """Hazards P13 and C4: Allow was believed although a forbid had failed; bad input is NoDecision, and no error."""
    engine = PolicyEngine(Bundle.default())
    assert answer(engine, OWNER, "secret.read", "secret:global/x") == "allow"
    monkeypatch.setattr(cedarpy, "is_authorized", lambda *args, **kwargs: found)
    assert answer(engine, OWNER, "secret.read", "secret:global/x") == BROKEN


def test_a_forbid_that_errors_denies():
    """Hazards P13 and C1: Cedar skips a forbid whose condition errors, and answers Allow."""
    engine = engine_of(
        '@id("overflow") forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };'
    )
    assert answer(engine, OWNER, "secret.read", "secret:global/x") == BROKEN


ALWAYS_THERE = [
    *("at", "session", "surface", "auth_method", "mtls"),
    *("capabilities", "sensitive", "sensitive_action", "approved"),
]


@pytest.mark.parametrize("name", ALWAYS_THERE)
def test_without_any_one_fact_nothing_is_allowed(monkeypatch, name):
    """Hazard P13: drop each attribute in turn."""
    import msgspec

    from palyra_kernel.policy.moment import Moment

    engine = PolicyEngine(Bundle.default())
    real = msgspec.json.encode

    def without(value, **options):
        if type(value) is Moment:
            value = {key: item for key, item in msgspec.to_builtins(value).items() if key != name}
        return real(value, **options)

    monkeypatch.setattr(msgspec.json, "encode", without)
    for approved in (False, True):
        for who, resource in ((OWNER, "secret:global/x"), (READER, "secret:global/openai_api_key")):
            assert answer(engine, who, "secret.read", resource, approved=approved) == BROKEN


def changed(**fields):
    """A request with fields that nobody checked when it was made."""
    values = {
        name: getattr(request("user:1000", "secret.read", "secret:global/x"), name)
        for name in ActionRequest.__struct_fields__
    }
    return ActionRequest(**(values | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"at_ms": 1.5}, {"at_ms": None}, {"at_ms": 2**63}, {"at_ms": -1}, {"at_ms": True}, {"at_ms": "1"},
        {"at_ms": 10**15},
        {"session": None}, {"session": 5}, {"purpose": b"x"}, {"surface": ["cli"]}, {"arguments": {}},
        {"tool": ""}, {"skill": ""}, {"workspace": ""}, {"mtls": None}, {"mtls": 1},
        {"tool": 7}, {"skill": ("a",)}, {"workspace": 1.0}, {"action": None},
        {"capabilities": ["a"]}, {"capabilities": None}, {"capabilities": (1,)}, {"labels": "a=b"}, {"labels": ({},)},
        {"principal": "user:1000"}, {"resource": "secret:global/x"}, {"resource": None}, {"vouched_by": "user:1"},
        {"purpose": "\ud800"}, {"session": "\udfff"},
    ],
    ids=str,
)  # fmt: skip
def test_fields_of_a_wrong_type_deny(fields):
    """Hazard C6: floats, null and integers of 2**63 have no answer in Cedar; they never reach it."""
    decision = PolicyEngine(Bundle.default()).decide(changed(**fields), OWNER)
    assert short(decision) in (INVALID, BROKEN)  # half of a character has its type, and no encoding


@pytest.mark.parametrize("asked", [None, 1, "secret.read", object(), {}])
def test_what_is_no_request_denies(asked):
    assert short(PolicyEngine(Bundle.default()).decide(asked, OWNER)) == INVALID


@pytest.mark.parametrize(
    "text", ["\0", "a\nb", '"', "\\", 'x" || true || "', "é", "\u202e", "\x7f", "a" * 10_000]
)
def test_strange_text_is_text(text):
    """A request is never a part of a policy: quotes, newlines and NUL in it change nothing."""
    engine = PolicyEngine(Bundle.default())
    for name in ("session", "purpose", "surface", "auth_method", "arguments", "workspace", "tool", "skill"):
        expected = "deny secret.read.capability_not_granted" if name == "tool" else "allow"
        assert answer(engine, OWNER, "secret.read", "secret:global/x", **{name: text}) == expected
    assert (
        answer(engine, READER, "secret.read", "secret:global/x", labels=(text,), capabilities=(text,))
        == "allow"
    )
    who = subject_with(text)
    assert answer(engine, who, "secret.read", "secret:global/x") == "deny policy.baseline_deny"


def subject_with(text):
    return Subject(
        principal=Principal("user", "7"),
        groups=(text,),
        workspaces=(text,),
        capabilities=(text,),
        speaks_for=(text,),
    )


def test_a_megabyte_of_context_is_refused():
    engine = PolicyEngine(Bundle.default())
    large = f"deny {codes.REQUEST_TOO_LARGE}"
    for fields in (
        {"purpose": "a" * 2**20},
        {"labels": ("a" * 64,) * 1024},
        {"capabilities": ("",) * 100_000},
    ):
        assert answer(engine, OWNER, "secret.read", "secret:global/x", **fields) == large
    many = Subject(principal=OWNER.principal, roles=("Owner",), groups=tuple(map(str, range(100_000))))
    assert answer(engine, many, "secret.read", "secret:global/x") == INVALID


def test_who_is_not_known_is_denied():
    """Hazard C3: an unknown principal is no error to Cedar. Who asks is compared with what was looked up."""
    engine, asked = PolicyEngine(Bundle.default()), request("user:1000", "secret.read", "secret:global/x")
    unknown, voucher = f"deny {codes.UNKNOWN_PRINCIPAL}", f"deny {codes.UNKNOWN_VOUCHER}"
    assert short(engine.decide(asked, AGENT)) == unknown
    assert short(engine.decide(asked, None)) == unknown  # type: ignore[arg-type]
    assert short(engine.decide(asked, OWNER.principal)) == unknown
    assert short(engine.decide(asked, OWNER, AGENT)) == voucher
    assert short(engine.decide(changed(vouched_by=AGENT.principal), OWNER)) == voucher
    assert short(engine.decide(changed(vouched_by=AGENT.principal), OWNER, OWNER)) == voucher
    odd = Subject(principal=AGENT.principal, roles=["Owner", 1.5])  # type: ignore[arg-type]
    assert short(engine.decide(changed(vouched_by=AGENT.principal), OWNER, odd)) == voucher
    assert (
        answer(engine, Subject(principal=OWNER.principal, roles=("Ownr",)), "vault.gc", "vault:own") == BROKEN
    )


@pytest.mark.parametrize("resource", ["tool:x", "vault:own", "scope:global", "secret:../x", "secret:global/",
    "secret:principal:/x", "secret:a b", "secret:channel:x/y"])  # fmt: skip
def test_resources_that_make_no_sense_are_refused(resource):
    kind, _, name = resource.partition(":")
    engine = PolicyEngine(Bundle.default())
    assert short(engine.decide(changed(resource=Resource(kind, name)), OWNER)) == INVALID


def test_the_reserved_scope_of_the_kernel_is_out_of_reach():
    engine = PolicyEngine(Bundle.default())
    for act in ("describe", "read", "write", "delete", "destroy"):
        decision = engine.decide(request("user:1000", f"secret.{act}", "secret:kernel:ca/key"), OWNER)
        assert type(decision) is Deny
    assert short(engine.decide(request("user:1000", "secret.list", "scope:kernel:ca"), OWNER)) == INVALID


@pytest.mark.parametrize("name", ["admin:x", "ADMIN:x", "system:x", "admin", "root"])
def test_no_name_is_above_the_rules(name):
    """Hazard P17: Cedar's answer was dropped when a name began with `admin:`."""
    engine = engine_of('@id("none") forbid (principal, action == Action::"vault.gc", resource);')
    for kind in ("user", "service", "token", "agent"):
        who = Subject(principal=Principal(kind, name), roles=("Owner",))
        assert answer(engine, who, "vault.gc", "vault:own", approved=True) == "deny policy.deny.rule"
        assert answer(engine, Subject(principal=who.principal), "vault.status", "vault:own").startswith(
            "deny"
        )


def test_the_schema_fits_every_request_that_is_made():
    """Hazard C2: the library compares nothing with a schema unasked. The schema looks at the first request of each
    shape; here it looks at all of them."""
    made = Bundle.default()
    engine = PolicyEngine(made)
    every = list(probes([made], made.actions.resources))
    for asked in every[:: len(every) // 300]:
        first = engine.decide(*asked)
        engine._known.shapes.schema_for = lambda shape: made.schema_handle  # type: ignore[method-assign]
        assert engine.decide(*asked) == first
        del engine._known.shapes.schema_for
        assert first != Deny(code=codes.EVALUATION_ERROR)
    assert len(engine._known.shapes._fit) > 100
