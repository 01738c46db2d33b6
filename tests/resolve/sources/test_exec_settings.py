"""``exec://NAME``: what is refused before anything is started."""

import sys

import pytest

from palyra_kernel.contracts.sources import SourcePlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.resolve.sources.exec import ExecSource
from tests.resolve.sources.asking import commands, error

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)

TOUCH = "/bin/touch"


def place(**settings):
    return ExecSource.open(SourcePlace(settings=settings))


@pytest.fixture
def touching(tmp_path):
    """A command that would leave a trace, and the trace."""
    trace = tmp_path / "started"
    yield {"command": [TOUCH, str(trace)], "cwd": str(tmp_path), "inherited_env": ["APP_TOKEN"]}
    assert not trace.exists(), "the command was started"


@pytest.mark.parametrize("settings", [{}, {"enabled": False}])
def test_nothing_starts_until_an_operator_enables_it(touching, settings):
    refused = error(place(**settings, commands={"a": touching}), "exec://a")
    assert (refused.kind, refused.code) == ("policy_blocked", "exec_disabled")
    assert "enabled = true" in (refused.hint or "")


def test_a_command_that_is_not_configured_is_refused(touching):
    refused = error(commands(a=touching), "exec://b")
    assert (refused.kind, refused.code) == ("policy_blocked", "unknown_command")


def test_an_id_needs_a_command_that_takes_ids(touching):
    refused = error(commands(a=touching), "exec://a#one")
    assert (refused.kind, refused.code) == ("invalid_reference", "no_batch")


@pytest.mark.parametrize(
    ("field", "asked", "code"),
    [
        ("inherited_env", ["APP_TOKEN", "OTHER"], "env_not_allowed"),
        ("cwd", "/", "cwd_not_allowed"),
        ("cwd", "{cwd}x", "cwd_not_allowed"),
    ],
)
def test_a_reference_only_narrows(touching, field, asked, code):
    """A reference in a file that others edit must not widen what an operator allows."""
    asked = asked.format(**touching) if isinstance(asked, str) else asked
    refused = error(commands(a=touching), {"ref": "exec://a", field: asked})
    assert (refused.kind, refused.code) == ("policy_blocked", code)


def test_without_a_folder_of_the_command_a_reference_has_none(touching):
    del touching["cwd"]
    assert error(commands(a=touching), {"ref": "exec://a", "cwd": "/tmp"}).code == "cwd_not_allowed"


def test_windows_is_refused_rather_than_run_less_safely(touching, monkeypatch):
    source = commands(a=touching)
    monkeypatch.setattr(sys, "platform", "win32")
    refused = error(source, "exec://a")
    assert (refused.kind, refused.code) == ("policy_blocked", "unsupported")


def test_what_is_refused_is_said_by_explain_in_the_same_words(touching):
    from palyra_kernel.values.secret_ref import SecretRef

    source = commands(a=touching)
    for ref in ("exec://b", "exec://a#one"):
        assert source.refuses(SecretRef.parse(ref)) == error(source, ref)
    assert source.refuses(SecretRef.parse("exec://a")) is None


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHON"]
)
def test_what_makes_a_program_load_strange_code_is_never_inherited(name):
    with pytest.raises(InvalidInputError) as caught:
        commands(a={"command": ["/bin/true"], "inherited_env": [name]})
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize(
    "command",
    [
        {"command": ["echo", "hi"]},
        {"command": ["./echo"]},
        {"command": ["/bin/../bin/echo"]},
        {"command": []},
        {"command": "/bin/echo hi"},
        {"command": ["/bin/echo", "a\0b"]},
        {"command": ["/bin/echo"], "shell": True},
        {"command": ["/bin/echo"], "sha256": "abc"},
        {"command": ["/bin/echo"], "timeout_ms": 0},
        {"command": ["/bin/echo"], "timeout_ms": 600_001},
        {"command": ["/bin/echo"], "max_output_bytes": 0},
        {"command": ["/bin/echo"], "max_output_bytes": 1 << 40},
        {"command": ["/bin/echo"], "cwd": "relative"},
        {"command": ["/bin/echo"], "inherited_env": ["A=B"]},
        {},
    ],
)
def test_the_table_of_a_command_is_strict(command):
    """Hazards S10, U9 and U10: no bare name, no name that we do not know, no limit without a ceiling."""
    with pytest.raises(InvalidInputError) as caught:
        place(enabled=True, commands={"a": command})
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "a#b", "-a"])
def test_the_name_of_a_command_can_be_written_in_a_reference(name):
    with pytest.raises(InvalidInputError) as caught:
        place(enabled=True, commands={name: {"command": ["/bin/echo"]}})
    assert caught.value.code == "invalid_config"


def test_the_table_is_strict():
    with pytest.raises(InvalidInputError):
        place(enable=True)


def test_references_of_one_command_come_together():
    from palyra_kernel.values.secret_ref import SecretRef

    source = commands(a={"command": ["/bin/true"]})
    assert (
        source.batch_key(SecretRef.parse("exec://a#1"))
        == source.batch_key(SecretRef.parse("exec://a"))
        == "a"
    )
    assert source.capabilities().batch
