"""What each code of a decision means, in words, and what to do about it. Texts are made from codes, never parsed."""

from __future__ import annotations

from typing import NamedTuple

ALLOW = "policy.allow"
BASELINE = "policy.baseline_deny"
APPROVAL = "policy.explicit_approval_required"
RULE = "policy.deny.rule"
EVALUATION_ERROR = "policy.deny.evaluation_error"
UNKNOWN_ACTION = "policy.deny.unknown_action"
UNKNOWN_PRINCIPAL = "policy.deny.unknown_principal"
UNKNOWN_VOUCHER = "policy.deny.unknown_voucher"
INVALID_REQUEST = "policy.deny.invalid_request"
REQUEST_TOO_LARGE = "policy.deny.request_too_large"
CONTRADICTION = "policy.deny.no_approval_possible"
DAMAGED = "policy.deny.policy_damaged"
CHECK = "policy.deny.check:"
NOT_ASKED = frozenset(
    (UNKNOWN_ACTION, UNKNOWN_PRINCIPAL, UNKNOWN_VOUCHER, INVALID_REQUEST, REQUEST_TOO_LARGE, DAMAGED)
)
"""Codes of denials for which no rule was asked, and that no grant changes."""


class Words(NamedTuple):
    """A code for people: what it says, and the grant or command that would change it."""

    text: str
    hint: str | None = None


_WORDS = {
    ALLOW: Words("it is allowed"),
    BASELINE: Words("no rule allows it", "review_action_resource_scope"),
    APPROVAL: Words("a human has to approve it", "request_explicit_approval"),
    RULE: Words("a rule forbids it", "palyra policy explain names the rule"),
    EVALUATION_ERROR: Words("the policies could not be evaluated", "palyra policy check"),
    UNKNOWN_ACTION: Words("the policies know no such action", "actions are listed in docs/policy.md"),
    UNKNOWN_PRINCIPAL: Words("nobody is known by this name", "palyra principals grant"),
    UNKNOWN_VOUCHER: Words("who vouches is not known", "palyra principals grant"),
    INVALID_REQUEST: Words("the request makes no sense for this action", "check the resource"),
    REQUEST_TOO_LARGE: Words("the request is larger than policies may look at", "say less about it"),
    CONTRADICTION: Words("the rules ask for approvals that exclude each other", "palyra policy explain"),
    DAMAGED: Words("the stored policies are damaged", "palyra policy rollback, or restore a backup"),
    "approval.denied": Words("a human denied exactly this a moment ago", "palyra approvals list --past"),
    "approval.too_many": Words("too many of its requests wait for a human", "palyra approvals list"),
    "policy.deny.foreign_scope": Words(
        "the scope belongs to somebody else", "act for its principal, if you may: palyra --as WHO"
    ),
    "policy.deny.voucher_missing": Words("nobody who may vouches for it", "palyra principals grant"),
    "policy.deny.tool_session": Words("tools and skills manage nothing"),
    "policy.deny.agent": Words("an agent does not decide who may do what"),
    "secret.read.approval_required": Words("a human has to approve it", "request_explicit_approval"),
    "secret.read.capability_not_granted": Words("it lacks SecretsRead", "grant_capability_secrets_read"),
    "secret.write.tool_session": Words("tools write no secrets"),
    "profile.endpoint.approval_required": Words(
        "a human has to approve another endpoint: it gets the credential", "request_explicit_approval"
    ),
    "node.invoke.approval_required": Words(
        "a human has to approve each use of this capability", "request_explicit_approval"
    ),
    "device.pair.approval_required": Words(
        "a human has to approve every device, and compares its words", "palyra pairing list"
    ),
    "device.replace_key.approval_required": Words(
        "a human has to approve other keys for a known device", "palyra pairing list"
    ),
    "tool.execute.tool_not_allowlisted": Words("the tool is not in allowed_tools", "grant_tool_allowlist"),
    "tool.execute.principal_not_allowlisted": Words(
        "the principal is not in tool_principals", "add_principal_to_tool_execute_allowlist"
    ),
    "tool.execute.channel_not_allowlisted": Words(
        "the channel is not in tool_channels", "add_channel_to_tool_execute_allowlist"
    ),
    "skill.execute.skill_not_allowlisted": Words(
        "the skill is not in allowed_skills", "enable_or_allowlist_skill"
    ),
}


def words(code: str) -> Words:
    """The words for *code*; those of a rule or check that we do not know say only what kind it is."""
    if code.startswith(CHECK):
        name, _, reason = code.removeprefix(CHECK).partition(":")
        return Words(f"the check {name} objects: {reason}", "palyra plugins list")
    return _WORDS.get(code, _WORDS[RULE])
