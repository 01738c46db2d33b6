"""What is seen of a canary by the tools that the vault serves: git, docker and AWS helpers, keyring, pydantic."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pydantic
from pydantic import BaseModel, SecretBytes, SecretStr

from palyra_adapter_keyring import VaultKeyring
from palyra_adapter_pydantic import PalyraSettings
from palyra_kernel.cli.credential.helper import key_of
from tests.leaks.in_process import shown_of
from tests.leaks.resolving import logged
from tests.leaks.stage import Haystacks, Stage, scenario


@scenario
def credential_helpers(stage: Stage, canary: bytes) -> Haystacks:
    """Requests that hold the value and cannot be understood, values that are no credential, and stores that work."""
    stage.made()
    text = canary.decode("latin-1").replace("\n", "")
    place = b"protocol=https\nhost=example.org\nusername=me\n"
    password = place + b"password=" + text.encode() + b"\n\n"
    pair = {"ServerURL": "https://r", "Username": "me", "Secret": canary.decode("latin-1")}
    for operation in ("store", "store", "erase"):
        yield from stage.palyra("credential", "git", operation, stdin=password)
    for stdin in (
        canary,
        password[:-2],
        b"password=" + canary,
        place + canary + b"\n\n",
        place + b"password=" + canary + b"\0\n\n",
    ):
        for operation in ("store", "erase"):
            yield from stage.palyra("credential", "git", operation, stdin=stdin)
    for stdin in (
        canary,
        json.dumps({"Secret": pair["Secret"]}).encode(),
        json.dumps(pair | {"Username": ""}).encode(),
        json.dumps(pair).encode() + b"}",
    ):
        yield from stage.palyra("credential", "docker", "store", stdin=stdin)
    yield from stage.palyra("credential", "docker", "store", stdin=json.dumps(pair).encode())
    yield from stage.palyra("credential", "docker", "list")
    for key, value in (
        (key_of("git", "https://example.org", "me"), canary),
        ("docker/x", canary),
        ("key", canary),
        ("json", json.dumps({"AccessKeyId": [pair["Secret"]]}).encode()),
    ):
        list(stage.palyra("secrets", "set", key, stdin=value))
    yield from stage.palyra("credential", "docker", "get", stdin=b"x")
    for ref in ("key", "json", "json#AccessKeyId", "json#x"):
        yield from stage.palyra("credential", "aws", ref)
        yield from stage.palyra("--json", "credential", "aws", ref)
    said = list(stage.palyra("credential", "git", "get", stdin=place + b"\n"))
    assert b"no JSON object" in said[1][1]
    yield from said


@scenario
def a_keyring(stage: Stage, canary: bytes) -> Haystacks:
    """Passwords that cannot be stored, values that are no text, and what keyring and Python print of a backend."""
    stage.monkeypatch.setenv("PALYRA_STATE_ROOT", str(stage.places.state_root))
    stage.monkeypatch.setenv("PALYRA_CONFIG_DIR", str(stage.places.config_dir))
    backend, text = VaultKeyring(), canary.decode("latin-1")
    with logged() as log:
        yield from shown_of(lambda: backend.set_password("s", "u", text))
        stage.made()
        backend = VaultKeyring()
        backend.set_password("s", "u", text)
        assert backend.get_password("s", "u") == text
        (account,) = backend.list_credentials("s")
        yield "reprs", repr([backend, account, vars(backend)])
        yield from shown_of(
            lambda: backend.set_password("s", "u", f"\ud800{text}"),
            lambda: backend.set_password("s", "u", text * 70_000),
            lambda: backend.delete_password("s", "other"),
        )
        with stage.places.open() as kernel:
            (secret,) = kernel.vault.list()
            kernel.vault.put(secret.ref, canary + b"\xff")
        yield from shown_of(lambda: backend.get_password("s", "u"))
    yield "log", log.getvalue() or "nothing was logged"


class _Part(BaseModel):
    number: int = 0


class _Settings(PalyraSettings):
    """Fields that the value fits into, and fields that it does not."""

    text: SecretStr = SecretStr("")
    raw: SecretBytes = SecretBytes(b"")
    number: int = 0
    choice: bool = False
    part: _Part = _Part()
    parts: ClassVar[tuple[str, ...]] = ("number", "choice")


@scenario
def pydantic_settings(stage: Stage, canary: bytes) -> Haystacks:
    """Validation errors in the fields into which the value does not fit, beside one that has no value; and reprs."""
    with logged() as log, stage.places.create() as kernel:
        stage.monkeypatch.setattr(_Settings, "secret_resolver", kernel)
        kernel.vault.put("a", canary)
        made: Any = _Settings
        yield "repr", repr(made(raw="vault://a")) + str(made(raw="vault://a").model_dump())
        wrong: list[dict[str, Any]] = [{name: "vault://a"} for name in _Settings.parts]
        wrong += [{"part": {"number": "vault://a"}}, {"part": "vault://a"}, {"nothing": "vault://a"}]
        wrong += [
            {"raw": "vault://a", "number": "vault://gone"},
            {"text": "vault://a", "choice": "vault://a#x"},
        ]
        for given in wrong:
            yield from shown_of(lambda given=given: made(**given))  # type: ignore[misc]
            try:
                made(**given)
            except pydantic.ValidationError as error:
                yield "errors", repr(error.errors()) + error.json()
    yield "log", log.getvalue() or "nothing was logged"
