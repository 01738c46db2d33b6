"""``palyra vault migrate``, and what ``status``, ``doctor`` and ``init`` say of backends."""

import sys

import pytest

from palyra_kernel.plugins import manage
from palyra_kernel.vault.copying import Copying
from tests import stranger
from tests.cli.helpers_admin import Admin
from tests.stranger import KIND


@pytest.fixture
def admin(tmp_path, places, capsys, monkeypatch):
    """A vault in ``file``, with ``acme_store`` enabled beside it."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(stranger.install(site))
    admin = Admin(places, capsys)
    admin.make(a=b"1", b=b"22")
    manage.enable(places.config_dir, KIND)
    yield admin
    sys.modules.pop(f"strange_{KIND}", None)


def _died(monkeypatch, admin):
    def dying(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Copying, "complete", dying)
        assert admin("vault", "migrate", "--to", KIND, "--yes").code == 130


def test_a_dry_run_counts_and_changes_nothing(admin):
    """Hazard U12: a command changed nothing and did not say so."""
    shown = admin("vault", "migrate", "--to", KIND, "--dry-run")
    assert (shown.code, shown.out) == (0, "2 envelopes, 3 bytes of secrets, from file to acme_store\n")
    plan = admin.ok("vault", "migrate", "--to", KIND, "--dry-run")
    assert plan == {"source": "file", "target": KIND, "envelopes": 2, "bytes": 3, "unfinished": False}
    assert admin.ok("vault", "status")["backend"] == "file"


def test_it_is_moved_and_everybody_reads_on(admin):
    """Hazard U13: a backend could not be changed."""
    result = admin("vault", "migrate", "--to", KIND, "--yes")
    said = "the vault is in acme_store now: 2 envelopes copied and compared, 2 removed from file\n"
    assert (result.code, result.out) == (0, said)
    assert admin.ok("vault", "status")["backend"] == KIND
    assert admin("secrets", "get", "b", "--reveal").out == "22"
    assert admin("vault", "verify").out == "2 secrets, all as written\n"
    back = admin.ok("vault", "migrate", "--to", "file", "--yes")
    assert (back["source"], back["target"], back["copied"], back["removed"]) == (KIND, "file", 2, 2)


def test_without_a_terminal_it_wants_to_be_meant(admin):
    assert admin("vault", "migrate", "--to", KIND).code == 2
    assert admin.ok("vault", "status")["backend"] == "file"


def test_what_is_unfinished_is_shown_with_the_command_that_finishes_it(admin, monkeypatch):
    """Hazard U13: half of a change of backend looked like a vault that had lost half of its secrets."""
    _died(monkeypatch, admin)
    command = f"palyra vault migrate --to {KIND}"
    findings = {each["code"]: each for each in admin.ok("doctor")["findings"]}
    assert findings["migration_unfinished"]["severity"] == "warning"
    assert command in findings["migration_unfinished"]["hint"]
    assert command in admin.ok("vault", "status")["migration"]
    assert command in admin("vault", "status").out
    assert "(goes on where it stopped)" in admin("vault", "migrate", "--to", KIND, "--dry-run").out
    other = admin("--json", "vault", "migrate", "--to", "keychain", "--yes")
    assert (other.code, other.error["code"]) == (7, "migration_unfinished")
    assert KIND in other.error["message"]
    assert admin("vault", "migrate", "--to", KIND, "--yes").code == 0
    assert admin.ok("vault", "status")["migration"] is None
    assert "migration_unfinished" not in {each["code"] for each in admin.ok("doctor")["findings"]}


def test_it_can_be_given_up(admin, monkeypatch):
    _died(monkeypatch, admin)
    assert "is given up" in admin("vault", "migrate", "--to", "file", "--dry-run").out
    given_up = admin("vault", "migrate", "--to", "file", "--yes")
    assert given_up.out == f"given up: the vault stays in file; 2 removed from {KIND}\n"


def test_a_preference_against_the_pin_names_the_way(admin, places):
    """Hazard U7: the preference was ignored once a vault was marked, and not everywhere alike."""
    config = places.config_dir / "palyra.toml"
    config.touch(mode=0o600)
    config.write_text(f'[vault]\nbackend = "{KIND}"\n')
    refused = admin("--json", "secrets", "list")
    assert (refused.code, refused.error["code"]) == (7, "backend_mismatch")
    assert f"palyra vault migrate --to {KIND}" in refused.error["hint"]
    assert admin("vault", "migrate", "--to", KIND, "--yes").code == 0
    assert admin("secrets", "get", "a", "--reveal").out == "1"


def test_init_with_several_backends_chooses_and_says_why(tmp_path, places, capsys, admin):
    """Hazard U13: why a backend was chosen could not be told."""
    second = Admin(places, capsys)
    second.places = type(places)(tmp_path / "second")
    (tmp_path / "second").mkdir(mode=0o700)
    manage.enable(second.places.config_dir, KIND)
    assert second.ok("init", "--backend", "auto")["backend"] == KIND
    (passed_over,) = second.ok("vault", "status")["passed_over"]
    assert (passed_over["kind"], passed_over["code"]) == ("file", "weaker")
    assert "not taken      file (weaker: acme_store is preferred)" in second("vault", "status").out
    findings = {each["code"]: each for each in second.ok("doctor")["findings"]}
    assert findings["backend_passed_over"]["severity"] == "info"
