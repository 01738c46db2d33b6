"""Rules by chance, and requests that they may concern."""

from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from tests.policy.asking import ADMIN, AGENT, OWNER, READER

HEADS = st.sampled_from(
    [
        "",
        '@code("house.rule") ',
        "@approval ",
        '@approval("house.ask") @approvers("Admin") @quorum("3") ',
        '@approval("house.once") @options("once") @max_ttl("5") @self_decision("allow") ',
    ]
)
PRINCIPALS = st.sampled_from(
    [
        "principal",
        "principal is User",
        'principal == User::"1000"',
        'principal in Role::"Owner"',
        "principal is Agent",
    ]
)
ACTIONS = st.sampled_from(
    [
        "action",
        "action in []",
        *(
            f'action == Action::"{name}"'
            for name in ("secret.read", "vault.gc", "tool.execute", "audit.read", "secret")
        ),
        *(
            f'action in Action::"{name}"'
            for name in ("secret", "reading", "management", "trust", "use", "vault.gc")
        ),
        'action in [Action::"management", Action::"secret.write"]',
        'action in [Action::"writing", Action::"tool.execute"]',
    ]
)
CONDITIONS = st.sampled_from(
    [
        "",
        "when { true } ",
        "when { context.mtls } ",
        "when { context has tool } ",
        'when { context.surface == "cli" } ',
        'unless { principal.capabilities.contains("SecretsRead") } ',
    ]
)

ASKED = [
    (OWNER, "secret.read", "secret:global/x"),
    (OWNER, "secret.write", "secret:global/x"),
    (OWNER, "vault.gc", "vault:own"),
    (READER, "secret.read", "secret:global/openai_api_key"),
    (READER, "secret.read", "secret:global/x"),
    (AGENT, "secret.read", "secret:global/x"),
    (AGENT, "tool.execute", "tool:shell"),
    (AGENT, "capability.use", "capability:Network"),
    (AGENT, "audit.read", "audit:own"),
    (ADMIN, "audit.read", "audit:own"),
    (ADMIN, "api_tokens.manage", "workspace:main"),
]
MOMENTS = [{}, {"approved": True}, {"tool": "x"}, {"mtls": True, "surface": "cli"}]


def if_valid(make, text):
    """What *make* makes of *text*; None if its types do not fit, as of a rule that can never apply."""
    try:
        return make(text)
    except InvalidInputError as error:
        if error.code != "policy_invalid":
            raise
        return None
