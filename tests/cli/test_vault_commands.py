import pytest

from tests.cli.helpers_admin import Admin
from tests.support import edited


@pytest.fixture
def admin(places, capsys):
    return Admin(places, capsys)


def _flip(places):
    with edited(places.objects_db) as objects:
        row, data = objects.execute("SELECT rowid, data FROM blobs").fetchone()
        objects.execute("UPDATE blobs SET data = ? WHERE rowid = ?", (data[:-1] + bytes([data[-1] ^ 1]), row))


def test_status_says_where_the_vault_is_and_what_opens_it(admin, places):
    """Hazard U13: the backend could be neither named nor inspected."""
    admin.make(a=b"1", b=b"2")
    facts = admin.ok("vault", "status")
    assert facts["state_root"] == str(places.state_root)
    assert facts["backend"] == "file"
    assert facts["secrets"] == 2
    assert [slot["kind"] for slot in facts["slots"]] == ["file"]
    shown = admin("vault", "status")
    assert facts["vault_id"] in shown.out
    assert "key files" in shown.out or "reads every secret" in shown.out


def test_commands_on_a_vault_need_one_and_make_none(admin, places):
    """Hazard D18: a command that only read made a vault where there was none."""
    for command in ("status", "verify", "gc"):
        result = admin("--json", "vault", command)
        assert (result.code, result.error["code"]) == (3, "vault_missing")
    assert not places.state_root.exists()
    assert not places.config_dir.exists()


def test_verify_counts_what_is_whole(admin):
    admin.make(a=b"1")
    assert admin("vault", "verify").out == "1 secret, all as written\n"
    assert admin.ok("vault", "verify") == {"ok": True, "secrets": 1, "findings": []}


def test_verify_of_an_empty_vault_is_clean(admin):
    admin.make()
    assert admin("vault", "verify").out == "0 secrets, all as written\n"


def test_verify_names_what_was_changed_and_ends_with_8(admin, places):
    admin.make(a=b"1")
    _flip(places)
    result = admin("vault", "verify")
    assert result.code == 8
    assert "a?version=1" in result.out
    assert "all as written" not in result.out
    assert admin("--json", "vault", "verify").json["ok"] is False


def test_verify_of_a_vault_with_only_notes_says_that_all_is_as_written(admin):
    admin.make(a=b"1")
    with admin.places.open(plugins=None) as kernel:
        kernel._objects.store({"f" * 32: b"left by a write that was killed"})
    result = admin("vault", "verify")
    assert result.code == 0
    assert "orphans" in result.out
    assert "1 secret, all as written" in result.out


def test_gc_marks_first_and_deletes_later(admin):
    admin.make(a=b"1")
    with admin.places.open(plugins=None) as kernel:
        kernel._objects.store({"f" * 32: b"left by a write that was killed"})
    assert admin.ok("vault", "gc") == {"marked": 1, "deleted": 0, "waiting": 0}
    assert admin.ok("vault", "gc") == {"marked": 0, "deleted": 0, "waiting": 1}
    assert admin("vault", "gc", "--grace", "0").out.startswith("1 deleted, 0 marked")
    assert admin.ok("vault", "verify")["findings"] == []


def test_gc_refuses_a_grace_that_is_no_time(admin):
    for grace in ("-1", "nan", "soon"):
        assert admin("vault", "gc", "--grace", grace).code == 2
