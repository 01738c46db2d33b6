"""``palyra secrets import``: all or nothing, and no line of the file is ever repeated."""

from __future__ import annotations

from palyra_kernel.cli.secrets import import_plan
from palyra_kernel.errors import UnavailableError
from palyra_kernel.vault import Vault
from tests.cli.conftest import OWN

CANARY = "canary"


def write(call, text, name=".env"):
    path = call.base / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_an_env_file_is_stored(call):
    path = write(
        call, "\ufeff# comment\n\nexport A=1\nB='two  # three'\r\nC=\"x\\ny\"\nD=\nE=a#b # c\nF=$HOME$(id)\n"
    )
    assert call("secrets", "import", path, "--yes").code == 0
    values = {"A": b"1", "B": b"two  # three", "C": b"x\ny", "D": b"", "E": b"a#b", "F": b"$HOME$(id)"}
    assert {name: call.reveal(name) for name in values} == values


def test_the_plan_is_shown_asked_and_done(call, prompts):
    call.set("same", b"1")
    call.set("other", b"1")
    call.set("longer", b"1")
    call.set("gone", b"1")
    call("secrets", "rm", "gone", "--yes")
    path = write(call, "same=1\nother=2\nlonger=11\ngone=1\nnew=1\n")
    plan = call("secrets", "import", path, "--dry-run", "--json").json
    expected = {"new": ["new"], "changed": ["other", "longer", "gone"], "unchanged": ["same"]}
    assert {name: plan[name] for name in expected} == {
        name: [f"vault://global/{key}" for key in keys] for name, keys in expected.items()
    }
    assert call("secrets", "import", path).code == 2
    prompts.append("n")
    assert call("secrets", "import", path, terminal=True).code == 130
    assert call("secrets", "get", "new").code == 3
    prompts.append("y")
    outcome = call("secrets", "import", path, terminal=True)
    assert "stored 1 new secret and 3 new versions" in outcome.text
    assert path in outcome.err
    assert [call.reveal(key) for key in ("same", "other", "longer", "gone", "new")] == [
        b"1",
        b"2",
        b"11",
        b"1",
        b"1",
    ]
    assert len(call("secrets", "history", "same", "--json").json["versions"]) == 1
    assert "nothing to store" in call("secrets", "import", path).text


def test_no_output_shows_a_value(call):
    path = write(call, "a=canary-one\nb=canary-two\n")
    for options in (("--dry-run",), ("--yes",), ("--json", "--dry-run"), ("--json", "--yes")):
        outcome = call("secrets", "import", path, *options)
        assert CANARY not in outcome.text + outcome.err


def test_scope_prefix_and_lower(call):
    path = write(call, "API_KEY=1\n")
    assert call("secrets", "import", path, "--scope", OWN, "--prefix", "app/", "--lower", "--yes").code == 0
    assert call.reveal(f"{OWN}/app/api_key") == b"1"
    assert call("secrets", "import", write(call, "A=1\na=2\n"), "--lower", "--yes").code == 2
    assert call("secrets", "import", path, "--scope", "kernel:ca", "--yes").code == 2
    assert call("secrets", "import", path, "--prefix", "/", "--yes").code == 2


def test_create_only_stores_nothing_if_one_exists(call):
    call.set("b", b"1")
    path = write(call, "a=1\nb=1\n")
    assert call("secrets", "import", path, "--create-only", "--yes").code == 7
    assert call("secrets", "get", "a").code == 3


def test_standard_input(call):
    assert call("secrets", "import", "-", "--yes", stdin=b"a=1\n").code == 0
    assert call.reveal("a") == b"1"
    assert call("--passphrase-file", "-", "secrets", "import", "-", "--yes", stdin=b"a=1\n").code == 2
    assert call("secrets", "import", str(call.base / "nothing"), "--yes").code == 3
    assert call("secrets", "import", str(call.base), "--yes").code == 2


def test_a_failing_batch_stores_nothing_of_itself_and_the_next_import_goes_on(call, monkeypatch):
    monkeypatch.setattr(import_plan, "BATCH", 10)
    path = write(call, "".join(f"k{number}={number}\n" for number in range(25)))
    put_many, calls = Vault.put_many, []

    def failing(self, values, **options):
        calls.append(len(values))
        if len(calls) == 2:
            raise UnavailableError("disk_full", "the disk is full")
        return put_many(self, values, **options)

    monkeypatch.setattr(Vault, "put_many", failing)
    outcome = call("secrets", "import", path, "--yes")
    assert outcome.code == 6
    assert "10 of 25" in outcome.err
    assert len(call("secrets", "list", "--json").json["secrets"]) == 10
    assert "15 new" in call("secrets", "import", path, "--yes").text
    assert calls == [10, 10, 10, 5]


def test_a_long_plan_is_cut_and_says_so(call):
    path = write(call, "".join(f"k{number}=1\n" for number in range(100)))
    assert "60 more" in call("secrets", "import", path, "--yes").text
