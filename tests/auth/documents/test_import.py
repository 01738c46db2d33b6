"""Importing the registry: what is taken, what is refused, and what becomes of secrets."""

import pytest

from palyra_kernel import DeniedError, InvalidInputError, NotFoundError
from palyra_kernel.auth.documents import toml
from palyra_kernel.auth.documents.registry import read_registry
from palyra_kernel.session.secrets import SessionSecrets
from tests.auth.documents.desk import document, key_row, oauth_row, ref
from tests.session.house import ME


def acts(done):
    return {each.id: each.act if not each.code else each.code for each in done}


def test_a_key_moves_into_the_scope_of_the_kernel(desk):
    """Hazard H57 of auth profiles: a credential that stays under a common name is anybody's who may read that scope."""
    desk.kernel.vault.put(ref("main", "api_key"), b"sk-moved")
    assert acts(desk.take(document(key_row()))) == {"main": "add"}
    assert desk.auth.get_token("main").reveal() == b"sk-moved"
    with pytest.raises(NotFoundError):
        desk.kernel.vault.get(ref("main", "api_key"))
    assert b"sk-moved" not in "".join(desk.export()).encode()


def test_a_login_moves_with_its_end_and_its_wait(desk):
    """Invariant I4 of auth profiles: the expiry is part of the token set, wherever a document kept it. A token that was
    too old elsewhere is not taken for a fresh one here."""
    now = desk.auth.parts.clock.now_ms()
    for suffix in ("oauth_access_token", "oauth_refresh_token", "oauth_client_secret"):
        desk.kernel.vault.put(ref("work", suffix, slug="acme"), suffix.encode())
    row = oauth_row(
        credential={
            "client_secret_vault_ref": ref("work", "oauth_client_secret", slug="acme"),
            "expires_at_unix_ms": now - 5_000,
            "refresh_state": {"failure_count": 3, "next_allowed_refresh_unix_ms": now + 60_000},
        }
    )
    (done,) = desk.take(document(row))
    assert (done.act, done.secrets, done.left) == ("add", "found", ())
    family = desk.auth.parts.families.read("work")[1]
    assert family.expires_at_ms is not None
    assert family.expires_at_ms <= now + 20_000
    assert (family.refresh_failures, family.gate_ms) == (3, now + 60_000)
    assert desk.profiles["work"].credential.client_auth == "client_secret_post"
    with desk.auth.parts.tokens.read("work") as held:
        assert held.refresh_token is not None
        assert held.refresh_token.reveal() == b"oauth_refresh_token"


def test_missing_secrets_are_told_and_the_profile_is_there(desk):
    """Hazard H17 of auth profiles: one secret that is gone must not keep the rest from starting."""
    desk.kernel.vault.put(ref("main", "api_key"), b"sk")
    data = document(key_row(), oauth_row())
    plan = desk.plan(data)
    assert plan.secrets == {"main": "found", "work": "missing"}
    assert any("work: its secrets are not in the vault" in line for line in plan.lines())
    desk.take(data)
    health = {each.profile_id: each.state for each in desk.auth.health().profiles}
    assert health == {"main": "static", "work": "missing"}
    assert desk.auth.get_token("main").reveal() == b"sk"


@pytest.mark.parametrize(
    "foreign",
    [
        "global/openai_api_key",
        ref("other", "api_key"),
        ref("main", "oauth_access_token"),
        ref("main", "api_key", scope="principal:main"),
        f"{ref('main', 'api_key')}?version=1",
        f"vault://{ref('main', 'api_key')}#field",
        "skill:mail/x",
        "../x",
        "kernel:auth/tokens/main",
    ],
)
def test_a_reference_of_somebody_else_is_not_read(desk, foreign):
    """Hazard H48 and invariant I7 of auth profiles: a profile that names any secret has it sent to its provider."""
    desk.kernel.vault.put("global/openai_api_key", b"canary")
    plan = desk.plan(document(key_row(credential={"api_key_vault_ref": foreign})))
    assert [row.code for row in plan.registry.quarantined] == ["foreign_reference"]
    desk.take(document(key_row(credential={"api_key_vault_ref": foreign})))
    assert desk.profiles == {}
    assert desk.kernel.vault.get("global/openai_api_key").reveal() == b"canary"


def test_the_prefix_of_a_reference_says_nothing(desk):
    desk.kernel.vault.put(ref("main", "api_key"), b"sk")
    desk.take(document(key_row(credential={"api_key_vault_ref": f"vault://{ref('main', 'api_key')}"})))
    assert desk.auth.get_token("main").reveal() == b"sk"


def test_one_bad_row_stops_no_other(desk):
    """Hazard H36 and invariant I10 of auth profiles: one bad profile stopped the start. It is set apart, listed with
    its reason, kept as it came, and mended by the next import."""
    bad = key_row("bad", provider={"kind": "openay"}, later={"a": [1, {"b": 2}]})
    done = desk.take(document(key_row("one"), bad, key_row("two")))
    assert acts(done) == {"one": "add", "two": "add"}
    health = desk.auth.health()
    assert [(row.id, row.code) for row in health.quarantined] == [("bad", "invalid_provider")]
    assert ("profile_quarantined", "profile bad") in [(each.code, each.subject) for each in health.findings()]
    exported = desk.export().registry
    assert "openay" in exported
    assert "later = {a = [1, {b = 2}]}" in exported
    assert acts(desk.take(document(key_row("bad")))) == {"bad": "add"}
    assert desk.auth.health().quarantined == ()
    assert "openay" not in desk.export().registry


def test_of_two_rows_with_one_id_the_last_counts(desk):
    """Ids are compared in lower case: `A` and `a` are one profile."""
    plan = desk.plan(document(key_row("main"), key_row("main", profile_id=" MAIN ", profile_name="Second")))
    assert plan.registry.repeated == ("main",)
    assert [step.row.profile.name for step in plan.registry.steps] == ["Second"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"provider": {"kind": "anthropic"}}, "other_provider"),
        ({"credential": {"type": "source", "source": {"ref": "env://KEY"}}}, "other_credential"),
        ({"scope": {"kind": "workspace", "workspace_id": "main"}}, "other_scope"),
        ({"profile_name": "Newer", "updated_at_unix_ms": 1}, "profile_changed"),
    ],
)
def test_another_credential_under_the_same_id_is_a_conflict(desk, change, code):
    """Hazard H20 of auth profiles: an upsert replaced another provider's profile, and nobody looked at versions."""
    desk.take(document(key_row()))
    before = desk.export()
    assert acts(desk.take(document(key_row(**change)))) == {"main": code}
    assert desk.export() == before


def test_a_rename_keeps_the_cooldown_and_the_credential(desk):
    """Hazard H20 of auth profiles: `set` wiped the backoff."""
    desk.kernel.vault.put(ref("main", "api_key"), b"sk")
    desk.take(document(key_row()))
    lease = desk.auth.get_token("main")
    desk.auth.report(lease, "quota")
    saved = desk.profiles["main"]
    row = key_row(profile_name="New name", updated_at_unix_ms=saved.updated_at_ms)
    assert acts(desk.take(document(row))) == {"main": "change"}
    assert desk.profiles["main"].name == "New name"
    assert desk.auth.health().profiles[0].eligibility == "cooling_down"


@pytest.mark.parametrize("version", [2, -1, "1", True, 1.0, None])
def test_another_version_is_refused(version):
    data = document(key_row(), version=version) if version is not None else b"[[profiles]]\n"
    with pytest.raises(InvalidInputError) as refused:
        read_registry(data)
    assert refused.value.code == "unsupported_version"


def test_version_0_is_read_as_1(desk):
    assert acts(desk.take(document(key_row(), version=0))) == {"main": "add"}
    assert desk.export().registry.startswith("version = 1\n")


def test_an_endless_document_is_refused(desk, monkeypatch):
    """Hazard H55 of auth profiles: documents were read without a cap."""
    monkeypatch.setattr(toml, "MAX_BYTES", 1000)
    with pytest.raises(InvalidInputError) as refused:
        desk.plan(b"version = 1\n#" + b"x" * 1000)
    assert refused.value.code == "document_too_large"
    plan = desk.plan(None, b"version = 1\n#" + b"x" * 1000)
    assert [problem.code for problem in plan.runtime.problems] == ["document_too_large"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (key_row(profile_name="new\nline"), "invalid_name"),
        (key_row(profile_name="\u202eevil"), "invalid_name"),
        (key_row(profile_name="x" * 257), "invalid_name"),
        (key_row("a b"), "invalid_profile_id"),
        (key_row("openai"), "invalid_profile_id"),
        (key_row(profile_id=7), "invalid_profile_id"),
        (key_row(profile_id=None), "missing_field"),
        (key_row(weight=1001), "invalid_weight"),
        (key_row(created_at_unix_ms="now"), "invalid_created_at_unix_ms"),
        (key_row(provider={"kind": "custom"}), "invalid_provider"),
        (key_row(provider={"kind": "custom", "custom_name": "openai"}), "invalid_provider"),
        (key_row(scope={"kind": "agent"}), "missing_field"),
        (key_row(scope={"kind": "agent", "agent_id": "a/b"}), "invalid_scope"),
        (key_row(credential={"type": "token"}), "invalid_type"),
        (key_row(credential={"api_key_vault_ref": None}), "missing_field"),
        (oauth_row(credential={"scopes": [f"s{number}" for number in range(65)]}), "invalid_scopes"),
        (oauth_row(credential={"scopes": ["x" * 257]}), "invalid_scopes"),
        (oauth_row(credential={"scopes": ["a\tb"]}), "invalid_scopes"),
        (oauth_row(credential={"scopes": "read"}), "invalid_scopes"),
        (oauth_row(credential={"client_id": "x" * 257}), "invalid_client_id"),
        (oauth_row(credential={"client_auth": "client_secret_basic"}), "invalid_client_auth"),
        (oauth_row(credential={"endpoints": {"issuer": 5}}), "invalid_endpoints"),
        (oauth_row(credential={"token_endpoint": None}), "missing_field"),
        (oauth_row(credential={"refresh_state": 5}), "invalid_document"),
        (key_row(unknown="x" * 70_000), "too_much_unknown"),
        (5, "invalid_document"),
    ],
)
def test_what_a_profile_cannot_be(row, code):
    """Hazard H27 of auth profiles: control characters in names, no limit on scopes. Hazard H60: a custom provider that
    is called like a real one. Hazard H25: an unknown kind is an error, and never no filter."""
    read = read_registry(b"version = 1\nprofiles = [5]\n" if row == 5 else document(row))
    assert [each.code for each in read.quarantined] == [code]
    assert read.rows == {}


def test_scopes_are_kept_as_written(desk):
    """Hazard H24 of auth profiles: scopes were lower-cased, and they are case-sensitive."""
    desk.take(
        document(oauth_row(credential={"scopes": [" b", "Mail.Read", "b", " "], "client_id": "C" * 256}))
    )
    credential = desk.profiles["work"].credential
    assert credential.scopes == ("Mail.Read", "b")
    assert credential.client_id == "C" * 256


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("http://auth.example/token", "not_https"),
        ("https://user@auth.example/token", "bad_url"),
        ("https://auth.example/token?x=1", "endpoint_query"),
        ("https://auth.example/token#f", "bad_url"),
        ("https://0x7f.1/token", "bad_host"),
        ("ftp://auth.example/", "bad_url"),
    ],
)
def test_where_a_credential_may_go_is_looked_at_first(desk, endpoint, code):
    """Hazard H48 of auth profiles: a profile could name any token endpoint."""
    assert acts(desk.take(document(oauth_row(endpoint=endpoint)))) == {"work": code}
    assert desk.profiles == {}


def test_the_api_of_a_provider_is_spoken_to_by_tls(desk):
    """Hazard H50 of auth profiles: a base address could be http."""
    assert acts(desk.take(document(key_row(base_url="http://api.example")))) == {"main": "not_https"}
    assert acts(desk.take(document(key_row(base_url="https://api.example")))) == {"main": "add"}


def test_a_dry_run_changes_nothing(desk):
    """Invariant I9 of auth profiles: looking changes nothing."""
    desk.kernel.vault.put(ref("main", "api_key"), b"sk")
    before = desk.kernel._records.check_head().generation
    with desk.kernel.session(purpose="dry run", principal=ME) as session:
        plan = session.auth.documents.plan(document(key_row()))
        assert next(plan.lines()) == "+ main"
        assert not plan.empty
    assert desk.profiles == {}
    assert [told.opened.event.action for told in desk.kernel.audit.tail(10)].count("profile.manage") == 0
    assert desk.kernel._records.check_head().generation >= before


def test_a_secret_that_may_not_be_read_refuses_its_profile_alone(desk, monkeypatch):
    """Hazard H48 of auth profiles: what a document names is read past nobody's decision."""
    for name in ("main", "spare"):
        desk.kernel.vault.put(ref(name, "api_key"), name.encode())
    whole = {name: getattr(SessionSecrets, name) for name in ("check", "get")}

    def guarded(name):
        def call(secrets, given):
            if str(given).endswith(ref("main", "api_key")):
                raise DeniedError("policy.deny.default", "no")
            return whole[name](secrets, given)

        return call

    for name in whole:
        monkeypatch.setattr(SessionSecrets, name, guarded(name))
    done = desk.take(document(key_row("main"), key_row("spare")))
    assert acts(done) == {"main": "policy.deny.default", "spare": "add"}
    assert set(desk.profiles) == {"spare"}
