"""Out, in and out again: nothing is lost, nothing is made up, and no secret is in it."""

import string
import tomllib
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.auth.documents.registry import read_registry, written_registry
from palyra_kernel.auth.documents.runtime import RuntimeLine, read_runtime, written_runtime
from palyra_kernel.auth.documents.toml import MAX_DEPTH, depth, fragment
from palyra_kernel.records.namespaces import Namespace
from tests.auth.documents.desk import Desk, document, key_row, oauth_row, ref
from tests.support import Places

NOW = 1_800_000_000_000
FUTURE: dict[str, Any] = {"future": 1.5, "when": {"x": [1, {"y": "z"}], "quoted key": "\x7f\n\"'"}}


def again(text):
    read = read_registry(text.encode())
    return written_registry(
        [(row.profile, row.facts) for row in read.rows.values()], read.quarantined, read.unknown
    )


def whole():
    """Rows of every kind with unknown fields at every level."""
    login = oauth_row(
        "work",
        credential={
            "client_auth": "client_secret_basic",
            "client_secret_vault_ref": ref("work", "oauth_client_secret"),
            "expires_at_unix_ms": 77,
            "endpoints": {"issuer": "https://auth.example", "authorize_parameters": {"a": "b"}, **FUTURE},
            "refresh_state": {"failure_count": 2, "last_error": "http_status", **FUTURE},
            **FUTURE,
        },
        provider=FUTURE,
        scope=FUTURE,
        **FUTURE,
    )
    elsewhere = key_row(
        "elsewhere",
        scope={"kind": "workspace", "workspace_id": "main"},
        credential={"type": "source", "api_key_vault_ref": None, "source": {"ref": "env://KEY"}},
        weight=7,
        base_url="https://api.example",
    )
    return document(login, elsewhere, key_row("main", **FUTURE), key_row("a b", **FUTURE), **FUTURE)


def test_unknown_fields_survive_at_each_level():
    """Hazard H36 and invariant I10 of auth profiles: unknown fields vanished when the file was written again."""
    once = again(whole().decode())
    assert again(once) == once
    tables = tomllib.loads(once)
    assert tables["future"] == 1.5
    login = next(row for row in tables["profiles"] if row["profile_id"] == "work")
    levels = [tables, login, login["provider"], login["scope"], login["credential"]]
    levels += [login["credential"]["endpoints"], login["credential"]["refresh_state"]]
    for level in levels:
        assert {name: level[name] for name in FUTURE} == FUTURE
    assert tables["profiles"][-1]["profile_id"] == "a b"
    assert tables["profiles"][-1]["when"] == FUTURE["when"]


def test_two_exports_are_one_text(desk):
    """Hazard H34 of auth profiles: opening rewrote both files. An export writes nothing, and the next is the same."""
    desk.kernel.vault.put(ref("main", "api_key"), b"canary-key-value")
    desk.take(whole())
    first = desk.export()
    assert desk.export() == first
    assert "canary" not in first.registry + first.runtime
    assert all(step.act == "same" for step in desk.plan(first.registry.encode()).registry.steps)
    desk.take(first.registry.encode(), first.runtime.encode())
    assert desk.export() == first


def test_a_document_moves_to_another_vault_as_it_is(desk, tmp_path):
    """Hazard H36 of auth profiles: what one installation wrote, another reads, unknown fields and bad rows too."""
    desk.take(whole())
    first = desk.export().registry
    with Places(tmp_path / "other").create() as kernel:
        other = Desk(kernel)
        other.take(first.encode())
        assert other.export().registry == first.replace("expires_at_unix_ms = 77\n", "")


def test_a_guarded_record_keeps_what_means_nothing(desk):
    desk.take(whole())
    stored = desk.kernel._records.load_guarded(Namespace("auth_documents", guarded=True))
    assert len(stored) == 1


names = st.text(string.ascii_letters + string.digits + "_- .\"'\n\x7f\u202eé", min_size=0, max_size=8)
leaves = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.dates()
    | st.times()
    | st.datetimes()
)
values = st.recursive(
    leaves, lambda each: st.lists(each, max_size=3) | st.dictionaries(names, each, max_size=3), max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(names, values, max_size=4))
def test_a_fragment_means_the_same_whenever_it_is_read(fields):
    """Invariant I10 of auth profiles: unknown fields are preserved, whatever they are."""
    text = fragment(fields)
    assert tomllib.loads(text) == fields
    assert fragment(tomllib.loads(text)) == text
    assert depth(fields) <= MAX_DEPTH


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names.filter(lambda name: name not in key_row()), values, max_size=3), st.data())
def test_any_row_with_anything_unknown_is_stable(fields, data):
    """Hazard H36 of auth profiles, as a property of every row."""
    where = data.draw(st.sampled_from(["", "provider", "scope", "credential"]))
    known = ("profile_name", "adapter", "base_url", "weight", "kind", "custom_name", "agent_id", "type")
    fields = {name: value for name, value in fields.items() if name not in known}
    more = {where: fields} if where else fields
    text = tomlkit.dumps({"version": 1, "profiles": [key_row(**more)]})
    once = again(text)
    assert again(once) == once
    level = tomllib.loads(once)["profiles"][0]
    level = level[where] if where else level
    assert {name: level[name] for name in fields} == fields


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_a_runtime_document_of_any_bytes_is_read(data):
    """Hazard H36 of auth profiles: a corrupt disposable file stopped the start."""
    read = read_runtime(data, NOW)
    assert read.lost == any(problem.subject == "document" for problem in read.problems)


def test_a_runtime_document_is_stable_too():
    text = (
        "version = 1\nx = 1\n[[records]]\nprofile_id = 'main'\nfailure_count = 3\nlast_failure_kind = 'quota'\n"
        f"cooldown_until_unix_ms = {NOW + 1000}\nlast_failure_unix_ms = {NOW - 5}\ny = [1, {{a = 2}}]\n"
        "[[profile_orders]]\nscope = 'agent:a'\nprovider = 'openai'\nprofile_ids = ['main']\nz = 3\n"
        "[[profile_defaults]]\nscope = 'global'\nprovider = 'custom:acme'\nprofile_id = 'main'\nw = 4\n"
    )
    read = read_runtime(text.encode(), NOW)
    assert read.problems == ()
    profile = read_registry(document(key_row())).rows["main"].profile
    line = RuntimeLine(profile=profile, state=read.states["main"], token="static", eligibility="eligible")
    once = written_runtime([line], read.choices, NOW, read.unknown)
    second = read_runtime(once.encode(), NOW)
    assert (second.states, second.choices, second.unknown) == (read.states, read.choices, read.unknown)
    tables = tomllib.loads(once)
    assert (tables["x"], tables["records"][0]["y"]) == (1, [1, {"a": 2}])
    assert (tables["profile_orders"][0]["z"], tables["profile_defaults"][0]["w"]) == (3, 4)
