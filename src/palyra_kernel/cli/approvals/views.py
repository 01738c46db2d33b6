"""An approval for programs, and for people: everything that was asked, with nothing hidden in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from palyra_kernel.approvals import Approval
from palyra_kernel.approvals.approval import Vote
from palyra_kernel.approvals.shown import visible, visible_json
from palyra_kernel.cli.approvals.pairings import pairing_rows
from palyra_kernel.cli.output import moment
from palyra_kernel.values.ids import to_datetime

_SUMMARY = 60


def described(approval: Approval) -> dict[str, Any]:
    """For programs."""
    binding = msgspec.to_builtins(approval.binding)
    arguments = {"digest": binding.pop("arguments") or None, "shown": approval.shown or None}
    return {
        "id": approval.id,
        "state": approval.state,
        **binding,
        "arguments": arguments,
        "session": approval.session,
        "surface": approval.surface,
        "purpose": approval.purpose,
        "vouched_by": approval.vouched_by,
        "asked_at": to_datetime(approval.asked_ms),
        "since": to_datetime(approval.since_ms),
        "until": to_datetime(approval.until_ms),
        "obligation": approval.obligation,
        "rules": approval.rules,
        "policy": approval.policy,
        "option": approval.option,
        "votes": [_vote(vote) for vote in approval.votes],
    }


def _vote(vote: Vote) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(vote)
    return fields | {"at": to_datetime(fields.pop("at_ms"))}


def approval_json(data: object) -> None:
    """Print one JSON document; what hides or deceives is an escape, by which it stays the same document."""
    text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    click.echo("\n".join(visible_json(line) for line in text.split("\n")))


def summary(approval: Approval) -> tuple[str, ...]:
    """The columns of a list."""
    binding = approval.binding
    return (
        approval.id,
        approval.state,
        visible(binding.principal),
        visible(binding.action),
        visible(binding.resource),
        _short(visible_json(approval.shown)),
        moment(to_datetime(approval.until_ms)),
    )


HEADERS = ("Approval", "State", "Who", "Action", "On", "Arguments", "Until")


def explained(approval: Approval) -> Iterator[str]:
    """All of it, for whoever decides: one line each."""
    for name, value in _rows(approval):
        for number, line in enumerate(value.split("\n")):
            yield f"{'' if number else name:<11} {line}"


def _rows(approval: Approval) -> Iterator[tuple[str, str]]:
    binding, needs = approval.binding, approval.obligation
    yield "approval", f"{approval.id} ({approval.state})"
    yield "who", _with(visible(binding.principal), "vouched for by", approval.vouched_by)
    yield "wants", visible(binding.action)
    yield "on", visible(binding.resource)
    for name in ("tool", "skill", "workspace"):
        if (value := getattr(binding, name)) is not None:
            yield name, visible(value)
    pairing = [*pairing_rows(approval)]
    yield from pairing
    if approval.shown:
        if not pairing:
            yield "arguments", _arguments(approval.shown)
        yield "", f"SHA-256 {binding.arguments}"
    if approval.purpose:
        yield "purpose", visible(approval.purpose)
    yield "from", f"{visible(approval.surface)}, session {visible(approval.session)}"
    yield "asked", moment(to_datetime(approval.asked_ms))
    yield "because", _with(visible(needs.code), "rules", ", ".join(approval.rules))
    others = "" if needs.self_decision else ", not who asks"
    yield "decided by", f"{needs.quorum} of: {', '.join(needs.approvers)}{others}"
    yield "for", f"{', '.join(needs.options)}; at most {needs.max_ttl_seconds} s"
    for vote in approval.votes:
        yield "answer", _answer(vote)
    if approval.option is not None:
        yield "granted", approval.option
    yield "until", moment(to_datetime(approval.until_ms))


def _answer(vote: Vote) -> str:
    said = f"{'allow' if vote.allow else 'deny'} by {visible(vote.decider)}, {vote.method}"
    where = f" on {visible(vote.device)}" if vote.device else ""
    reason = f": {visible(vote.reason)}" if vote.reason else ""
    return f"{said}{where}, {moment(to_datetime(vote.at_ms))}{reason}"


def _arguments(shown: str) -> str:
    try:
        text = msgspec.json.format(shown, indent=2)
    except msgspec.DecodeError:  # masking may have taken a quotation mark along
        text = shown
    return "\n".join(visible_json(line) for line in text.split("\n"))


def _with(text: str, words: str, more: str | None) -> str:
    return f"{text} ({words} {visible(more)})" if more else text


def _short(text: str) -> str:
    """The secrets in *text* are masked; only now is it cut."""
    return text if len(text) <= _SUMMARY else text[: _SUMMARY - 1] + "…"
