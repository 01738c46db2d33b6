"""Whatever the kernel may ask gets an answer: an exception denies too, and says nothing to whoever was denied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.testing.checks.base import CheckRules, action_request, ask
from palyra_kernel.values.decisions import RESOURCE_KINDS, ActionRequest, Resource
from palyra_kernel.values.principals import PRINCIPAL_KINDS, Principal

ACTIONS = (
    *("secret.describe", "secret.read", "secret.list", "secret.write", "secret.delete", "secret.destroy"),
    *("source.use", "tool.execute", "tool.read", "tool.list", "skill.execute", "capability.use"),
    *("vault.status", "vault.verify", "vault.rekey", "vault.gc", "vault.migrate", "vault.backup"),
    *("slots.list", "slots.add", "slots.remove", "principal.list", "principal.grant", "principal.revoke"),
    *("approval.list", "approval.show", "approval.decide", "approval.cancel", "policy.show", "policy.apply"),
    *("audit.read", "audit.verify", "audit.export", "audit.archive", "compat.models.read", "profile.use"),
)
"""Some that the kernel has; later versions have more."""
_UNKNOWN = (
    *("no.such.action", "word", "", ".", "secret.", ".read", "SECRET.READ", "secret.read.twice.over"),
    *("secret.read\0", "secret\n.read", "s\u0435cret.read", "\ud800", "x" * 1024),
)
_ODD_TEXT = (
    *(
        "",
        " ",
        "\0",
        "a\nb",
        "\r\n",
        "\x1b[2J",
        "\x7f",
        "../../etc/passwd",
        "%s%n{0}",
        "'; --",
        "\\",
        "\u202eeman",
    ),
    *("\u0430dmin", "e\u0301", "\U0001f511", "\ud800", "\ufeff", "x" * 1024, "x" * 1_000_000),
)
_ODD_IDS = ("x" * 256, "a:b:c", "ä" * 100, "\u0430dmin", "%00", "a b", "-", "0")
_ODD_TIMES = (0, 1, -1, -(2**63), 2**31 * 1000, 253_402_300_800_000, 2**53, 2**63 - 1)
_FACTS: Mapping[str, Any] = {
    "purpose": "deploy",
    "surface": "daemon",
    "workspace": "home",
    "tool": "shell",
    "skill": "mail",
    "vouched_by": Principal("service", "chat"),
    "capabilities": ("SecretsRead", "Network"),
    "labels": ("env=prod",),
    "arguments": "0" * 64,
    "auth_method": "mtls",
    "mtls": True,
}
_TEXTS = ("session", "purpose", "surface", "workspace", "tool", "skill", "arguments", "auth_method")


class RequestRules(CheckRules):
    """A check that raises has objected: to a request that its author did not think of."""

    def test_every_action_gets_an_answer(self, check: PolicyCheck) -> None:
        """The next version of the kernel has actions that this one has not."""
        for action in (*ACTIONS, *_UNKNOWN):
            ask(check, action_request(action=action))

    def test_everybody_and_everything_gets_an_answer(self, check: PolicyCheck) -> None:
        """Not only users act, and not only on secrets."""
        for kind in PRINCIPAL_KINDS:
            who = Principal(kind, "chat:home" if kind == "channel" else "somebody")
            for of in RESOURCE_KINDS:
                ask(check, action_request(principal=who, resource=Resource(of, "something")))

    def test_facts_may_be_there_or_not(self, check: PolicyCheck) -> None:
        """Each fact comes alone some day: mutual TLS without somebody who vouches, a tool without a workspace."""
        for facts in ({}, *({name: value} for name, value in _FACTS.items()), _FACTS):
            ask(check, action_request(**facts))

    def test_odd_text_gets_an_answer(self, check: PolicyCheck) -> None:
        """Purposes and tools are named by strangers: NUL, half a character, a megabyte."""
        for text in _ODD_TEXT:
            for name in _TEXTS:
                ask(check, action_request(**{name: text}))
            ask(check, action_request(capabilities=(text, text), labels=(text, text)))

    def test_odd_names_get_an_answer(self, check: PolicyCheck) -> None:
        """What looks like a number, a path or a pair is one only by accident."""
        for name in _ODD_IDS:
            ask(check, action_request(principal=Principal("user", name), resource=Resource("tool", name)))
            ask(check, action_request(resource=Resource("secret", name * (1024 // len(name.encode())))))

    def test_every_time_gets_an_answer(self, check: PolicyCheck) -> None:
        """A clock that was never set says 1970, and calendars end at the year 9999."""
        for at_ms in _ODD_TIMES:
            ask(check, action_request(at_ms=at_ms))

    def test_a_request_stays_as_it_was(self, check: PolicyCheck, questions: Sequence[ActionRequest]) -> None:
        """The next check, the approval and the audit see the same object."""
        for request in questions:
            before = msgspec.structs.astuple(request)
            ask(check, request)
            assert msgspec.structs.astuple(request) == before
