"""``docs/references.md``, and the sources of ``docs/configuration.md``: what they say is what the code does."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import get_args

import msgspec
import pytest

from palyra_kernel import SecretRef, SensitiveBytes, SourcePlace
from palyra_kernel.config import read_config
from palyra_kernel.contracts.sources import ErrorKind
from palyra_kernel.resolve.sources.command.batch import question, understand
from palyra_kernel.resolve.sources.command.settings import Command
from palyra_kernel.resolve.sources.env import EnvSource
from palyra_kernel.resolve.sources.exec import ExecSource
from palyra_kernel.resolve.sources.file import FileSource
from palyra_kernel.values.secret_ref import RefreshPolicy, SnapshotPolicy
from tests.docs.pages import blocks, page, section, table_rows
from tests.docs.sessions import environment

PAGE = page("references.md")
CONFIGURATION = section(page("configuration.md"), "## Sources of secrets")


def names(rows):
    return [name for row in rows for name in row[0].replace("`", "").split(", ")]


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_the_example_is_run(tmp_path):
    """Hazard U17: no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    env = environment(home)
    subprocess.run(["palyra", "init"], env=env, check=True, capture_output=True)
    subprocess.run(["palyra", "secrets", "set", "openai/api_key"], env=env, input=b"v", check=True)
    settings = home / ".config" / "palyra" / "palyra.toml"
    settings.write_text(blocks(PAGE, "toml")[0])
    settings.chmod(0o600)
    (example,) = blocks(PAGE, "python")
    done = subprocess.run(
        [sys.executable, "-c", example], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "resolved 1\n"), done.stderr


@pytest.mark.parametrize("table", tomllib.loads(blocks(PAGE, "toml")[1]).values())
def test_the_tables_of_the_example_are_references(table):
    SecretRef.parse(table)


def test_every_field_is_in_the_table():
    listed = names(table_rows(section(PAGE, "## The table form")))
    assert sorted(listed) == sorted(SecretRef.__struct_fields__)


def test_every_policy_and_kind_is_there():
    policies = names(table_rows(section(PAGE, "## Two policies")))
    assert policies == [*get_args(RefreshPolicy), *get_args(SnapshotPolicy)]
    kinds = {
        kind.strip("` ") for row in table_rows(section(PAGE, "## Outcomes")) for kind in row[1].split(",")
    }
    assert kinds - {""} == set(get_args(ErrorKind))


def test_the_settings_of_the_example_are_read(tmp_path):
    path = tmp_path / "palyra.toml"
    path.write_text(blocks(CONFIGURATION, "toml")[0])
    path.chmod(0o600)
    config = read_config(tmp_path)
    for source in (EnvSource, FileSource, ExecSource):
        source.open(SourcePlace(settings=config.sources[source.scheme]))
    assert config.resolver.buckets["exec"].burst == 20


def test_every_setting_of_a_command_is_in_the_table():
    listed = names(table_rows(CONFIGURATION))
    assert sorted(listed) == sorted(field.name for field in msgspec.structs.fields(Command))


def test_the_answer_of_the_example_is_understood():
    asked = question(["a", "b"])
    assert asked.decode().strip() in CONFIGURATION
    answer = SensitiveBytes(blocks(CONFIGURATION, "json")[0].encode())
    found = understand(answer, ["a", "b", "c"])
    values = {name: each.reveal() for name, each in found.items() if isinstance(each, SensitiveBytes)}
    assert values == {"a": b"text", "c": b"\0\1\2"}
    assert getattr(found["b"], "kind", None) == "missing"
