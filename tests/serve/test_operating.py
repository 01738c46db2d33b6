"""What the user of this machine may do with a daemon: decided, done and written down like everything else."""

from __future__ import annotations

import asyncio

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.daemon.operating import Operating, Running
from palyra_kernel.daemon.systemd import Notifier
from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.values.principals import Principal

OTHER = Principal("user", "4242")


@pytest.fixture
def operating(kernel):
    kernel.identity.start()
    return Operating(Running(kernel, {}), Notifier({}))


def events(kernel, action):
    return [told.opened.event.outcome for told in kernel.audit.tail(50) if told.opened.event.action == action]


def test_its_owner_sees_how_it_is_and_that_is_written_down(kernel, operating):
    status = asyncio.run(operating.status(system_principal()))
    assert (status["vault"], status["enrolment_open"], status["listeners"]) == (kernel.vault_id, False, {})
    assert events(kernel, "gateway.status") == ["allowed"]


@pytest.mark.parametrize("verb", ["status", "reload"])
def test_whoever_may_not_is_denied_and_that_is_written_down(kernel, operating, verb):
    """Hazard H29: what was done to a gateway was neither decided nor written down."""
    before = kernel.config
    (kernel.places.config_dir / "palyra.toml").write_text("[gateway]\ngraceful_seconds = 5")
    with pytest.raises(DeniedError):
        asyncio.run(getattr(operating, verb)(OTHER))
    assert kernel.config is before
    assert events(kernel, f"gateway.{verb}") == ["denied"]


def test_a_reload_that_fails_changes_nothing_and_is_written_down(kernel, operating):
    before = kernel.config
    file = kernel.places.config_dir / "palyra.toml"
    for text in (
        '[gateway]\nhosts = ["*.example"]',
        '[gateway]\ngraceful_seconds = 5\n[limits."no.such.action"]\nburst = 1',
        "[gateway]\ngraceful_seconds = 0",
    ):
        file.write_text(text)
        with pytest.raises(InvalidInputError):
            asyncio.run(operating.reload(system_principal()))
        assert kernel.config is before
    assert events(kernel, "gateway.reload") == ["allowed", "failed"] * 3


def test_a_signal_never_ends_the_daemon_by_a_wrong_file(kernel, operating, caplog):
    (kernel.places.config_dir / "palyra.toml").write_text("[gateway")
    asyncio.run(operating.reload_for_signal())
    assert "stays as it was" in caplog.text


def test_what_changed_holds(kernel, operating):
    (kernel.places.config_dir / "palyra.toml").write_text("[gateway]\ngraceful_seconds = 5")
    assert asyncio.run(operating.reload(system_principal())) == {"changed": ("gateway.graceful_seconds",)}
    assert kernel.config.gateway.graceful_seconds == 5
