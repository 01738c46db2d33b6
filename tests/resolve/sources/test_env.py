"""``env://NAME``."""

import os
import sys

import pytest

from palyra_kernel.contracts.sources import SourcePlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.resolve.sources.env import EnvSource
from tests.resolve.sources.asking import error, posix, value


def env(*allow):
    return EnvSource.open(SourcePlace(settings={"allow": list(allow)}))


def test_without_an_allow_list_nothing_is_read(monkeypatch):
    """Hazard S9: any variable of a daemon could be read through a reference."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    refused = error(EnvSource.open(SourcePlace(settings={})), "env://AWS_SECRET_ACCESS_KEY")
    assert (refused.kind, refused.code) == ("policy_blocked", "not_allowed")
    assert 'allow = ["AWS_SECRET_ACCESS_KEY"]' in (refused.hint or "")
    assert "[sources.env]" in (refused.hint or "")
    assert "s3cret" not in repr(refused)


@pytest.mark.parametrize("name", ["OTHER", "APP", "APPX_KEY", "app_key", "XAPP_KEY"])
def test_what_is_not_on_the_list_is_blocked_set_or_not(monkeypatch, name):
    """Hazard S9: a prefix means that prefix, in its case, and an answer never tells whether a variable is set."""
    source = env("APP_*", "TOKEN")
    unset = error(source, f"env://{name}")
    monkeypatch.setenv(name, "value")
    assert error(source, f"env://{name}") == unset
    assert unset.code == "not_allowed"


@pytest.mark.parametrize("name", ["TOKEN", "APP_KEY", "APP_"])
def test_names_and_prefixes_are_allowed(monkeypatch, name):
    monkeypatch.setenv(name, "value")
    assert value(env("APP_*", "TOKEN"), f"env://{name}") == b"value"


def test_an_unset_variable_is_missing_and_an_empty_one_is_a_value(monkeypatch):
    """Hazard U3: an empty variable was missing while an empty file was found; the resolver decides, for all alike."""
    monkeypatch.delenv("TOKEN", raising=False)
    assert error(env("TOKEN"), "env://TOKEN").kind == "missing"
    monkeypatch.setenv("TOKEN", "")
    assert value(env("TOKEN"), "env://TOKEN") == b""


def test_nothing_is_trimmed(monkeypatch):
    monkeypatch.setenv("TOKEN", " value \n")
    assert value(env("TOKEN"), "env://TOKEN") == b" value \n"


@posix
def test_bytes_that_are_no_text_arrive_as_they_are(monkeypatch):
    """Hazard U10: variables that are not Unicode were dropped."""
    if sys.platform != "win32":
        monkeypatch.setitem(os.environb, b"TOKEN", b"\xff\xfe\x80")
    assert value(env("TOKEN"), "env://TOKEN") == b"\xff\xfe\x80"


def test_the_limit_is_the_references(monkeypatch):
    monkeypatch.setenv("TOKEN", "x" * 11)
    assert error(env("TOKEN"), {"ref": "env://TOKEN", "max_bytes": 10}).kind == "too_large"
    assert value(env("TOKEN"), {"ref": "env://TOKEN", "max_bytes": 11}) == b"x" * 11


@pytest.mark.parametrize("entry", ["*", "", "A*", "_*", "A B", "A-*", "1A", "A_**", "Ä"])
def test_an_entry_that_allows_what_nobody_meant_is_refused(entry):
    """Hazard S9: one ``*`` would open everything again."""
    with pytest.raises(InvalidInputError) as caught:
        env(entry)
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("settings", [{"alow": []}, {"allow": "TOKEN"}, {"allow": [1]}])
def test_settings_are_strict(settings):
    """Hazard U9: a misspelt name was silently the default."""
    with pytest.raises(InvalidInputError) as caught:
        EnvSource.open(SourcePlace(settings=settings))
    assert caught.value.code == "invalid_config"
