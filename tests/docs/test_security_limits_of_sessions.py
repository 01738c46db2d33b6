"""What ``SECURITY.md`` admits of sessions is so. Whoever repairs one of these limits changes the page too."""

from __future__ import annotations

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.access.member import Grants
from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals import Verdict
from palyra_kernel.errors import DeniedError, UnavailableError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.values.decisions import RequireApproval

ME = str(system_principal())
PLANNER = "agent:planner"
MARKED = "global/openai_api_key"
READS = Grants(capabilities=("SecretsRead",))
PASSPHRASE = b"walnut ferry marble seven"


@pytest.fixture
def kernel(places):
    """A vault with an agent, and a secret that it may read when a human said so."""
    with places.create() as kernel:
        kernel.vault.put(MARKED, b"marked value")
        with kernel.session(ME) as session:
            session.principals.grant(PLANNER, READS)
        yield kernel


def test_whoever_has_the_vault_passes_by_every_session(kernel):
    """Nothing is asked below a session, and nothing written down; and who acts is what the caller says."""
    before = kernel.audit.head().last
    with kernel.vault.get(MARKED) as secret:
        assert secret.reveal() == b"marked value"
    assert kernel.audit.head().last == before
    with kernel.session(PLANNER) as session, pytest.raises(DeniedError):
        session.principals.list()
    with kernel.session(ME) as session:
        assert len(session.principals.list()) == 2


def test_whoever_learns_an_approval_passphrase_answers_in_its_owners_name(kernel, places):
    """From another process, for whatever waits; and the log names the owner."""
    with kernel.session(ME) as session, SensitiveBytes(PASSPHRASE) as passphrase:
        session.approvals.set_passphrase(passphrase)
    with kernel.session(PLANNER) as agent:
        asked = agent.decide("secret.read", f"secret:{MARKED}")
        assert isinstance(asked, RequireApproval)
    with places.open() as other, other.session(ME) as thief, SensitiveBytes(PASSPHRASE) as stolen:
        thief.approvals.decide(asked.approval, Verdict(allow=True), passphrase=stolen)
    with kernel.session(PLANNER) as agent, agent.secrets.get(MARKED) as secret:
        assert secret.reveal() == b"marked value"
    told = [each.opened.event for each in kernel.audit.tail(10)]
    assert [each.principal for each in told if each.action == "approval.decide"] == [ME]


def test_an_owner_may_permit_whatever_they_like(kernel):
    """Also what the rules that come with the kernel ask a human about; that it was changed is in the log."""
    files = dict(Bundle.default().files)
    (names,) = [name for name in files if name == "bundle.toml"]
    files[names] = files[names].replace(f'"{MARKED}", ', "").replace(f'"{MARKED}"', "")
    with kernel.session(ME) as session:
        session.policies.apply(Bundle(files))
    with kernel.session(PLANNER) as agent, agent.secrets.get(MARKED) as secret:
        assert secret.reveal() == b"marked value"
    told = [each.opened.event for each in kernel.audit.tail(10)]
    assert [each.outcome for each in told if each.action == "policy.apply"] == ["allowed"]


def test_a_limit_counts_in_one_process(kernel, places):
    """A program that can start processes has as many times the limit."""
    config = places.config_dir / "palyra.toml"
    config.write_text('[limits."secret.describe"]\nburst = 1\nper_minute = 0.01\n')
    config.chmod(0o600)
    for _ in range(2):
        with places.open() as other, other.session(PLANNER) as agent:
            agent.secrets.stat(MARKED)
            with pytest.raises(UnavailableError) as caught:
                agent.secrets.stat(MARKED)
            assert caught.value.code == "rate_limited"
