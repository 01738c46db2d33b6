"""Commands of plugins: looked for last, imported when named, and with a session instead of the kernel."""

from __future__ import annotations

import sys

import pytest

from tests.plugins.conftest import Site

COMMAND = """
import click
from palyra_kernel import Command, hookimpl

class Hello(Command):
    name = "hello"
    def build(self):
        @click.command()
        @click.argument("ref")
        @click.pass_obj
        def command(place, ref):
            '''Say what a secret is called.'''
            with place.session() as session:
                found = session.secrets.stat(ref)
                click.echo(f"{type(place).__name__} {found.ref.key} {place.as_json}")
        return command

@hookimpl
def palyra_commands():
    return [Hello]
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    made = Site(folder)
    yield made
    made.forget()


@pytest.fixture
def added(site, call):
    """Install and enable a plugin whose module is *source*; the command line."""

    def add(source=COMMAND):
        site.add("acme-hello", {"hello": "acme_hello"}, {"acme_hello.py": source})
        outcome = call("plugins", "enable", "hello")
        assert outcome.code == 0, outcome
        site.forget()
        sys.modules.pop("acme_was_here", None)  # enabling a plugin imports it
        return call

    return add


def test_a_command_of_a_plugin_acts_through_a_session(added):
    palyra = added()
    palyra.set("greeting", b"hello")
    assert palyra("hello", "greeting").text == "CommandPlace greeting False\n"
    assert palyra("--json", "hello", "greeting").text == "CommandPlace greeting True\n"
    events = palyra("audit", "tail", "--json").text
    assert "palyra hello" in events


def test_its_errors_are_exit_codes_as_ever(added):
    palyra = added()
    assert palyra("hello", "nothing").code == 3
    assert palyra("hello").code == 2
    assert palyra("hello", "--help").code == 0


def test_nothing_is_imported_for_another_command(added):
    """A start that grows with what is installed, and code of strangers where nobody asked for it."""
    palyra = added(
        COMMAND.replace("import click\n", "import click, sys\nsys.modules['acme_was_here'] = click\n", 1)
    )
    for arguments in (["--help"], ["plugins", "list"], ["secrets", "--help"]):
        assert palyra(*arguments).code == 0
        assert "acme_was_here" not in sys.modules
    palyra("hello", "--help")
    assert sys.modules.pop("acme_was_here", None)


def test_no_command_of_the_kernel_is_replaced(added):
    palyra = added(COMMAND.replace('name = "hello"', 'name = "secrets"'))
    assert palyra("secrets", "list").code == 0
    outcome = palyra("--json", "other")
    assert outcome.code == 7
    assert outcome.error["code"] == "plugin_duplicate"


def test_what_is_no_command_is_refused(added):
    outcome = added(COMMAND.replace("        return command\n", "        return 7\n"))("--json", "hello")
    assert (outcome.code, outcome.error["code"]) == (6, "plugin_failed")


def test_what_nobody_brings_is_no_command(call):
    outcome = call("--json", "nothing_like_it")
    assert (outcome.code, outcome.error["code"]) == (2, "usage")
