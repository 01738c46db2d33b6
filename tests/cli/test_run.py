"""``palyra run`` until the program starts: every failure is named, and nothing is left open."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (("--env", "X=missing", "--", "true"), 3, "secret_missing"),
        (("--env", "X=a", "--env", "Y=missing", "--", "true"), 3, "secret_missing"),
        (("--env", "X=gone", "--", "true"), 3, "deleted"),
        (("--env", "X=principal:other/a", "--", "true"), 3, "secret_missing"),
        (("--env", "X=a#field", "--", "true"), 2, "not_json"),
        (("--env", "X=nul", "--", "true"), 2, "nul_in_value"),
        (("--env", "X", "--", "true"), 2, "invalid_env"),
        (("--env", "=a", "--", "true"), 2, "invalid_env"),
        (("--env", "1X=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X Y=a", "--", "true"), 2, "invalid_env"),
        (("--env", "Ü=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X=a", "--env", "X=a", "--", "true"), 2, "invalid_env"),
        (("--env", "X=ENV://HOME", "--", "true"), 2, "invalid_reference"),
        (("--env", "X=a"), 2, "usage"),
        (("--", "true"), 2, "usage"),
        (("--env", "X=a", "--", "no-such-command-here"), 3, "command_missing"),
        (("--env", "X=a", "--", "./no-such-file"), 3, "command_missing"),
        (("--env", "X=a", "--", "/"), 3, "command_missing"),
        (("--env", "X=a", "--", ""), 2, "invalid_command"),
    ],
)
def test_what_fails_before_the_start_is_named_and_nothing_starts(call, monkeypatch, arguments, code, kind):
    call.set("a", b"canary-value")
    call.set("nul", b"a\0canary")
    call.set("gone", b"1")
    call("secrets", "rm", "gone", "--yes")
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *_: pytest.fail("it was started"))
    outcome = call("--json", "run", *arguments)
    assert (outcome.code, outcome.error["code"], outcome.out) == (code, kind, b"")
    assert "canary" not in outcome.err


def test_the_kernel_is_closed_and_the_buffers_are_wiped_before_the_start(call, monkeypatch):
    from palyra_kernel import Kernel, SensitiveBytes

    call.set("a", b"1")
    events: list[str] = []
    close, wipe = Kernel.close, SensitiveBytes.wipe

    def recorded(name, method):
        def call_it(*arguments):
            events.append(name)
            return method(*arguments)

        return call_it

    monkeypatch.setattr(Kernel, "close", recorded("close", close))
    monkeypatch.setattr(SensitiveBytes, "wipe", recorded("wipe", wipe))
    monkeypatch.setattr("palyra_kernel.cli.run.start", recorded("start", lambda *_: 5))
    assert call("run", "--env", "X=a", "--", "true").code == 5
    assert events[-1] == "start"
    assert events.index("wipe") < events.index("close") < events.index("start")
