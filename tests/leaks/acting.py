"""What is seen of a canary that is asked for in a session: refusals, events, requests, rules, mistyped commands."""

from __future__ import annotations

import base64
import io
from typing import Any

from palyra_kernel import Deadline, Kernel, SensitiveBytes, Session
from palyra_kernel.access.member import Grants
from palyra_kernel.access.system import system_principal
from tests.leaks.canaries import files_under
from tests.leaks.in_process import shown_of
from tests.leaks.stage import Haystacks, Stage, scenario

PLANNER = "agent:planner"
MARKED = "openai_api_key"
LOGS = (("audit", "tail", "-n", "1000"), ("audit", "verify"), ("audit", "export"))


def _text(canary: bytes) -> str:
    try:
        return canary.decode()
    except UnicodeDecodeError:
        return base64.b64encode(canary).decode()


def _told(kernel: Kernel) -> Haystacks:
    """Everything that the audit log says."""
    yield "events", repr([(told, told.opened) for told in kernel.audit.tail(1000)])
    file = io.BytesIO()
    kernel.audit.export(file.write)
    yield "export", file.getvalue()


def _refused(session: Session, canary: bytes) -> Haystacks:
    """Everything that an agent may not do, with the value in its hands or behind the reference."""
    secrets = session.secrets
    yield from shown_of(
        lambda: secrets.get("a"),
        lambda: secrets.get(MARKED),
        lambda: secrets.get_many(["a", MARKED]),
        lambda: secrets.put("a", canary),
        lambda: secrets.put_many({"a": canary}),
        lambda: secrets.delete("a"),
        secrets.list,
        lambda: secrets.rollback("a", 1),
        lambda: session.resolver.resolve("a").unwrap(),
        session.principals.list,
        session.policies.active,
        session.approvals.list,
    )
    with session.resolver.resolve_many(["a", MARKED])["a"] as outcome:
        yield "blocked", f"{outcome!r} {outcome.error!r} {outcome.metadata!r}"


@scenario
def denied_in_a_session(stage: Stage, canary: bytes) -> Haystacks:
    """An agent that may nothing, and one whose facts hold the value: purpose, tool, arguments, labels."""
    text = _text(canary)
    with stage.places.create() as kernel, SensitiveBytes(canary), SensitiveBytes(text.encode()):
        kernel.vault.put_many({"a": canary, MARKED: canary})
        with kernel.session(system_principal()) as owner:
            owner.principals.grant(PLANNER, Grants())
            with owner.secrets.get("a") as value:
                yield "a session", f"{owner!r} {owner.secrets!r} {owner.who!r} {value!r}"
        facts: dict[str, Any] = {"purpose": f"with {text}", "tool": f"tool {text}"}
        for given in ({}, facts):
            with kernel.session(PLANNER, **given) as session:
                yield from _refused(session, canary)
                for context in ({"arguments": {"header": text}}, {"labels": [text], "arguments": [text, 1]}):
                    session.decide("secret.read", f"secret:global/{MARKED}", context=context)
                yield from shown_of(
                    lambda: session.decide("tool.execute", "tool:x", context={"arguments": {text: 1.5}}),
                    lambda: session.decide("tool.execute", "tool:x", context={"capabilities": canary}),
                )
        yield from _told(kernel)
        waiting = kernel._shared_by_sessions().grants.all(past=True)
        yield "requests", repr([each for each in waiting if not each.purpose.startswith("with")])
    yield from files_under(stage.base)


@scenario
def a_grant_that_is_used(stage: Stage, canary: bytes) -> Haystacks:
    """A marked value that a human allowed, read once, and what is left of that."""
    from palyra_kernel.approvals import Verdict

    with stage.places.create() as kernel, SensitiveBytes(b"quite another one") as passphrase:
        kernel.vault.put(MARKED, canary)
        owner, agent = (kernel.session(who) for who in (system_principal(), PLANNER))
        with owner, agent:
            owner.principals.grant(PLANNER, Grants())
            yield from shown_of(lambda: agent.secrets.get(MARKED))
            (asked,) = owner.approvals.list()
            owner.approvals.set_passphrase(passphrase)
            owner.approvals.decide(asked.id, Verdict(allow=True), passphrase=passphrase)
            with agent.secrets.get(MARKED) as value:
                assert value.reveal() == canary
                yield "an approval", repr(agent.approvals.wait(asked.id, Deadline.after(1)))
            yield from shown_of(lambda: agent.secrets.get(MARKED))
        yield from _told(kernel)
    yield from files_under(stage.base)


@scenario
def commands_as_somebody_else(stage: Stage, canary: bytes) -> Haystacks:
    """``--as``, and commands of principals, policies, approvals and the audit log, around a value that is refused."""
    stage.made()
    for name in ("a", MARKED):
        yield from stage.palyra("secrets", "set", name, stdin=canary)
    yield from stage.palyra("principals", "grant", PLANNER)
    file = stage.base / "value"
    file.write_bytes(canary)
    file.chmod(0o600)
    for arguments in (
        *(("secrets", "get", "a", "--reveal"), ("secrets", "get", MARKED, "--reveal"), ("secrets", "list")),
        *(
            ("secrets", "set", "a"),
            ("secrets", "set", "a", "--file", str(file)),
            ("secrets", "export", "--yes"),
        ),
        *(
            ("run", "--env", "X=a", "--", "true"),
            ("resolve", "a", MARKED),
            ("vault", "gc"),
            ("policy", "rollback", "--yes"),
        ),
        *(("credential", "aws", "a"), ("principals", "list"), ("approvals", "list"), ("audit", "tail")),
    ):
        for form in ((), ("--json",)):
            yield from stage.palyra(*form, "--as", PLANNER, *arguments, stdin=canary)
    file.unlink()
    for arguments in (
        *(("principals", "list"), ("principals", "revoke", PLANNER, "--yes"), ("approvals", "list", "--all")),
        *(
            ("policy", "show"),
            ("policy", "explain", PLANNER, "secret.read", f"secret:global/{MARKED}"),
            *LOGS,
        ),
    ):
        yield from stage.palyra(*arguments)
        yield from stage.palyra("--json", *arguments)
    yield from files_under(stage.base)


@scenario
def decisions_in_the_wrong_place(stage: Stage, canary: bytes) -> Haystacks:
    """The canary typed where a command, a number, an option or an id belongs; and a bundle that is the value."""
    stage.made()
    word = canary.decode("utf-8", "surrogateescape")
    for group in ("principals", "policy", "approvals", "audit"):
        yield from stage.palyra(group, word)
    for arguments in (
        *(("audit", "tail", "-n", word), ("audit", "tail", word), ("audit", "verify", word)),
        *(
            ("approvals", "decide", "x", "--allow", "--ttl", word),
            ("approvals", "decide", "x", "--option", word),
        ),
        *(
            ("approvals", "watch", "--seconds", word),
            ("principals", "list", word),
            ("policy", "diff", "a", "b", word),
        ),
        *(("principals", "grant", "agent:a", f"--rule={word}"), ("policy", "show", f"--json={word}")),
    ):
        yield from stage.palyra(*arguments)
        yield from stage.palyra("--json", *arguments)
    yield from _broken_bundles(stage, canary)


def _broken_bundles(stage: Stage, canary: bytes) -> Haystacks:
    """The value in the place of rules, of lists and of cases."""
    from palyra_kernel.policy.bundle import Bundle

    for name in ("organisation.cedar", "bundle.toml", "cases.toml"):
        folder = stage.base / f"with {name}"
        folder.mkdir(mode=0o700)
        for file, text in Bundle.default().files.items():
            (folder / file).write_text(text, "utf-8")
        (folder / name).write_bytes(canary)
        verbs = [("check", str(folder)), ("apply", str(folder), "--yes"), ("fmt", str(folder / name))]
        if name == "cases.toml":
            verbs = [("test", str(folder / name), "--bundle", "default")]
        with SensitiveBytes(canary):
            for verb in verbs:
                yield from stage.palyra("policy", *verb)
                yield from stage.palyra("--json", "policy", *verb)
