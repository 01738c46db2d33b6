"""References in every field of settings, from every source."""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeVar

import pytest
from pydantic import AliasChoices, BaseModel, Field, SecretBytes, SecretStr, ValidationError
from pydantic_settings import BaseSettings, CliApp, SettingsConfigDict, SettingsError

from palyra_adapter_pydantic import PalyraSettings, PalyraSettingsSource
from palyra_kernel import NotFoundError

CANARIES = ("canary-key", "canary-db", "7001")


class Db(BaseModel):
    host: str = "localhost"
    password: SecretStr = SecretStr("vault://app/db#password")
    port: int = 0


class Settings(PalyraSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__", env_prefix="APP_")

    key: SecretStr
    raw: SecretBytes = SecretBytes(b"")
    home: str = "https://example.org/vault://"
    db: Db = Db()
    replicas: list[Db] = Field(default_factory=list)
    tokens: dict[str, SecretStr] = Field(default_factory=dict)
    pair: tuple[str, SecretStr] = ("a", SecretStr("b"))
    number: int = 0


_Any = TypeVar("_Any", bound=BaseSettings)


def made(settings: type[_Any], **given: Any) -> _Any:
    """Settings from values that pydantic is to make fit."""
    return settings(**given)


@pytest.fixture(autouse=True)
def _resolver(counted, monkeypatch):
    monkeypatch.setattr(PalyraSettings, "secret_resolver", counted)


def test_every_kind_of_field_in_one_batch(counted):
    """Wish 24: a call for each secret took seconds where one call for all of them would do."""
    settings = made(
        Settings,
        key="vault://app/key",
        raw="vault://app/binary",
        db={"password": "vault://app/db#password", "port": "vault://app/db#port"},
        replicas=[{"password": "vault://app/key"}, {}],
        tokens={"one": "vault://app/key", "two": "plain"},
        pair=("x", "vault://app/number"),
        number="vault://app/number",
    )
    assert settings.key.get_secret_value() == "canary-key"
    assert settings.raw.get_secret_value() == b"canary\xff\x00"
    assert (settings.db.password.get_secret_value(), settings.db.port) == ("canary-db", 5432)
    assert settings.replicas[0].password.get_secret_value() == "canary-key"
    assert {name: token.get_secret_value() for name, token in settings.tokens.items()} == {
        "one": "canary-key",
        "two": "plain",
    }
    assert (settings.pair[0], settings.pair[1].get_secret_value()) == ("x", "7001")
    assert settings.number == 7001
    (batch,) = counted.batches
    assert len(batch) == len(set(batch)) == 5


def test_from_the_environment_and_a_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("APP_DB__PASSWORD=vault://app/key\nAPP_NUMBER=vault://app/number\n")
    monkeypatch.setenv("APP_KEY", "vault://app/key")
    monkeypatch.setenv("APP_TOKENS", '{"one": "vault://app/key"}')
    monkeypatch.setenv("APP_DB__PORT", "vault://app/db#port")
    settings = made(Settings, _env_file=tmp_path / ".env")
    assert settings.key.get_secret_value() == "canary-key"
    assert settings.tokens["one"].get_secret_value() == "canary-key"
    assert (settings.db.password.get_secret_value(), settings.db.port) == ("canary-key", 5432)
    assert settings.number == 7001


def test_from_the_command_line():
    """A source that is put in front of the others sees no argument of the command line."""
    settings = CliApp.run(Settings, cli_args=["--key=vault://app/key", "--db.port=vault://app/db#port"])
    assert (settings.key.get_secret_value(), settings.db.port) == ("canary-key", 5432)


def test_defaults_are_resolved_too():
    """A reference that nobody resolved would be sent as the password."""
    settings = made(Settings, key="x", replicas=[{"port": 1}])
    assert settings.db.password.get_secret_value() == "canary-db"
    assert made(Settings, key="x", db={"port": 1}).db.password.get_secret_value() == "canary-db"
    assert Db().password.get_secret_value() == "vault://app/db#password"  # the class itself is as it was


class Aliased(PalyraSettings):
    token: SecretStr = Field(SecretStr("vault://app/key"), validation_alias="THE_TOKEN")
    other: SecretStr = Field(SecretStr("vault://app/key"), validation_alias=AliasChoices("ONE", "TWO"))


def test_names_that_differ_from_the_field(monkeypatch):
    assert made(Aliased).token.get_secret_value() == made(Aliased).other.get_secret_value() == "canary-key"
    monkeypatch.setenv("THE_TOKEN", "vault://app/number")
    monkeypatch.setenv("TWO", "plain")
    assert (made(Aliased).token.get_secret_value(), made(Aliased).other.get_secret_value()) == (
        "7001",
        "plain",
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org",
        "postgres://u:p@h/vault://x",
        "plain",
        "",
        "vault:/x",
        "VAULT://app/key",
        " vault://app/key",
        "aws://a",
    ],
)
def test_what_is_no_reference_stays(counted, text):
    """A database address holds a password: it must not be taken for a reference, and shown in an error."""
    settings = made(Settings, key=text, db=Db(password=SecretStr(text)))
    assert settings.key.get_secret_value() == settings.db.password.get_secret_value() == text
    assert counted.batches == []


def test_without_a_reference_no_vault_is_needed(monkeypatch):
    monkeypatch.setattr(PalyraSettings, "secret_resolver", None)
    monkeypatch.setenv("PALYRA_STATE_ROOT", "/nowhere")
    with pytest.raises(NotFoundError) as caught:
        made(Settings, key="vault://app/key")
    assert caught.value.code == "vault_missing"
    assert made(Settings, key="plain", db=Db(password=SecretStr("p"))).key.get_secret_value() == "plain"


def test_the_default_vault_is_opened_and_closed(monkeypatch, default_vault):
    monkeypatch.setattr(PalyraSettings, "secret_resolver", None)
    assert made(Settings, key="vault://app/key").key.get_secret_value() == "canary-key"


def test_a_kernel_will_do(monkeypatch, kernel):
    monkeypatch.setattr(PalyraSettings, "secret_resolver", kernel)
    assert made(Settings, key="vault://app/key").key.get_secret_value() == "canary-key"


def failures(error: ValidationError) -> dict[str, str]:
    return {".".join(map(str, line["loc"])): line["type"] for line in error.errors()}


def test_every_reference_that_fails_is_named_with_its_code():
    with pytest.raises(ValidationError) as caught:
        made(
            Settings,
            key="vault://app/none",
            db={"password": "vault://app/key#field"},
            replicas=[{"password": "vault://"}],
            tokens={"one": "env://NOT_ALLOWED", "two": "vault://app/key"},
        )
    found = failures(caught.value)
    assert found.keys() == {"key", "db.password", "replicas.0.password", "tokens.one"}
    assert (found["key"], found["db.password"]) == ("secret_missing", "not_json")
    assert found["replicas.0.password"].startswith("invalid_")
    shown = str(caught.value) + repr(caught.value) + caught.value.json()
    assert not any(canary in shown for canary in CANARIES)
    assert "secret_missing" in shown


def test_a_value_of_the_wrong_kind_is_never_shown():
    """pydantic quotes what it was given, and that was the secret."""

    class Numbers(PalyraSettings):
        numbers: list[int]
        at_most: int = Field(le=5)
        inner: Db

    with pytest.raises(ValidationError) as caught:
        made(
            Numbers,
            numbers=["vault://app/key"],
            at_most="vault://app/number",
            inner={"port": "vault://app/key"},
        )
    error = caught.value
    assert failures(error).keys() == {"numbers.0", "at_most", "inner.port"}
    assert failures(error)["at_most"] == "less_than_equal"
    assert "less than or equal to 5" in str(error)
    shown = str(error) + repr(error) + error.json() + json.dumps(error.errors(), default=repr)
    assert not any(canary in shown for canary in CANARIES)
    assert error.__context__ is None
    assert error.__cause__ is None


def test_settings_show_no_secret():
    settings = made(Settings, key="vault://app/key", tokens={"one": "vault://app/key"})
    assert not any(
        canary in repr(settings) + str(settings) + settings.model_dump_json() for canary in CANARIES
    )


class Chosen(BaseSettings):
    """Sources of its own choice."""

    model_config = SettingsConfigDict(hide_input_in_errors=True, env_nested_delimiter="__")
    resolver: ClassVar[Any] = None
    schemes: ClassVar[tuple[str, ...]] = ("vault",)

    key: SecretStr
    db: Db = Db()
    where: str = "env://HOME"

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ):
        return (
            PalyraSettingsSource(
                settings_cls, init_settings, env_settings, resolver=cls.resolver, schemes=cls.schemes
            ),
        )


def test_the_source_over_sources_of_ones_own(counted, monkeypatch):
    monkeypatch.setattr(Chosen, "resolver", counted)
    monkeypatch.setenv("KEY", "vault://app/none")
    monkeypatch.setenv("DB__PORT", "vault://app/db#port")
    settings = made(Chosen, key="vault://app/key", db={"host": "h"})
    assert settings.key.get_secret_value() == "canary-key"
    assert (settings.db.host, settings.db.port) == ("h", 5432)
    assert settings.db.password.get_secret_value() == "canary-db"
    assert settings.where == "env://HOME"
    (batch,) = counted.batches
    assert "vault://app/none" not in batch  # what another source overrides is not asked for


def test_the_source_says_which_field_failed(counted, monkeypatch):
    monkeypatch.setattr(Chosen, "resolver", counted)
    with pytest.raises(ValidationError) as caught:
        made(Chosen, key="vault://app/none")
    assert failures(caught.value) == {"key": "secret_missing"}


def test_a_class_that_would_show_inputs_is_refused():
    class Careless(BaseSettings):
        key: str = "vault://app/key"

        @classmethod
        def settings_customise_sources(
            cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        ):
            return (PalyraSettingsSource(settings_cls, init_settings),)

    with pytest.raises(SettingsError, match="hide_input_in_errors"):
        made(Careless)


def test_a_value_is_no_reference_whatever_it_says(kernel, counted):
    """Settings in settings were resolved twice: who could write one secret had any other read in its place."""
    kernel.vault.put("app/says", b"vault://app/key")

    class Inner(PalyraSettings):
        key: SecretStr

    class Outer(PalyraSettings):
        inner: Inner
        key: SecretStr
        anything: Any = None

        @classmethod
        def settings_customise_sources(
            cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        ):
            return (PalyraSettingsSource(settings_cls, init_settings, resolver=counted),)

    told = made(Inner, key="vault://app/says")
    for inner in (told, {"key": "vault://app/says"}):
        outer = made(Outer, inner=inner, key=SecretStr("vault://app/says"), anything="vault://app/says")
        found = (outer.inner.key.get_secret_value(), outer.key.get_secret_value(), outer.anything)
        assert found == ("vault://app/key",) * 3
    assert {ref for batch in counted.batches for ref in batch} == {"vault://app/says"}
