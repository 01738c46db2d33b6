import pytest

from palyra_kernel.cli.slots.views import slot_views
from tests.cli.helpers_admin import Admin, key_file

CHEAP = ("--memory-kib", "8192", "--iterations", "1", "--lanes", "1")


@pytest.fixture
def admin(places, capsys):
    made = Admin(places, capsys)
    made.make(a=b"1")
    return made


def _add_passphrase(admin, tmp_path, text="correct horse"):
    return admin.ok(
        "slots", "add", "passphrase", *CHEAP, "--new-passphrase-file", key_file(tmp_path, "new", text)
    )["slot"]


def test_the_list_says_what_is_weak(admin):
    (slot,) = admin.ok("slots", "list")["slots"]
    assert slot["kind"] == "file"
    assert "reads every secret" in slot["weak"]
    assert slot["unavailable"] is None
    assert slot["id"] in admin("slots", "list").out


def test_a_passphrase_slot_opens_the_vault_without_the_key_file(admin, places, tmp_path):
    slot = _add_passphrase(admin, tmp_path)
    assert slot["params"] == {"memory_kib": 8192, "iterations": 1, "lanes": 1}
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    phrase = key_file(tmp_path, "phrase", "correct horse\n")
    assert admin("--passphrase-file", phrase, "vault", "verify").code == 0
    assert admin("--json", "vault", "verify").error["code"] == "no_slot_opens"


def test_the_parameters_of_a_passphrase_slot_default_to_the_strong_ones(admin, tmp_path):
    new = key_file(tmp_path, "new", "correct horse")
    slot = admin.ok("slots", "add", "passphrase", "--new-passphrase-file", new)["slot"]
    assert slot["params"] == {"memory_kib": 65_536, "iterations": 3, "lanes": 4}


@pytest.mark.parametrize("bad", [("--memory-kib", "1"), ("--iterations", "0"), ("--memory-kib", "9999999")])
def test_parameters_out_of_bounds_are_refused_and_add_nothing(admin, tmp_path, bad):
    new = key_file(tmp_path, "new", "correct horse")
    result = admin("--json", "slots", "add", "passphrase", *bad, "--new-passphrase-file", new)
    assert (result.code, result.error["code"]) == (2, "slot_parameters")
    assert len(admin.ok("slots", "list")["slots"]) == 1


def test_an_empty_new_passphrase_is_refused(admin, tmp_path):
    new = key_file(tmp_path, "new", "\n")
    assert admin("slots", "add", "passphrase", *CHEAP, "--new-passphrase-file", new).code == 2


def test_without_file_and_terminal_no_passphrase_is_invented(admin):
    result = admin("--json", "slots", "add", "passphrase")
    assert (result.code, result.error["code"]) == (2, "no_terminal")


def test_options_of_another_kind_are_refused(admin, tmp_path):
    new = key_file(tmp_path, "new", "x")
    for arguments in (
        ("file", "--suite", "x25519"),
        ("recovery", "--new-passphrase-file", new),
        ("passphrase", "--recovery-out", str(tmp_path / "out")),
    ):
        assert admin("slots", "add", *arguments).code == 2
    assert (
        admin("--passphrase-file", "-", "slots", "add", "passphrase", "--new-passphrase-file", "-").code == 2
    )


def test_one_file_slot_is_enough_and_an_unknown_kind_is_named(admin):
    assert admin("--json", "slots", "add", "file").error["code"] == "slot_exists"
    result = admin("--json", "slots", "add", "tpm")
    assert (result.code, result.error["code"]) == (6, "protector_missing")


def test_a_removed_slot_opens_no_more_and_the_warning_is_honest(admin, places, tmp_path):
    _add_passphrase(admin, tmp_path)
    result = admin("slots", "remove", admin.slot("file"), "--yes")
    assert result.code == 0
    assert "copy of keyring.json" in result.err
    assert "still opens" in result.err
    assert not list((places.config_dir / "keys").iterdir())
    assert admin("vault", "verify").code == 6
    phrase = key_file(tmp_path, "phrase", "correct horse")
    assert admin("--passphrase-file", phrase, "vault", "verify").code == 0


def test_removing_asks_first(admin, tmp_path):
    slot = _add_passphrase(admin, tmp_path)["id"]
    assert admin("slots", "remove", slot).code == 2
    assert len(admin.ok("slots", "list")["slots"]) == 2
    removed = admin.ok("slots", "remove", slot, "--yes")
    assert removed["removed"] == slot
    assert "still opens" in removed["note"]


def test_the_last_slot_and_an_unknown_one_cannot_be_removed(admin):
    assert admin("--json", "slots", "remove", admin.slot("file"), "--yes").error["code"] == "last_slot"
    assert admin("--json", "slots", "remove", "00000000", "--yes").error["code"] == "slot_missing"


def test_a_drill_opens_that_slot_and_no_other(admin, tmp_path):
    slot = _add_passphrase(admin, tmp_path)["id"]
    right, wrong = (key_file(tmp_path, name, name + " horse") for name in ("correct", "wrong"))
    assert admin("--passphrase-file", right, "slots", "drill", slot).code == 0
    assert admin("slots", "drill", admin.slot("file")).code == 0
    result = admin("--json", "--passphrase-file", wrong, "slots", "drill", slot)
    assert (result.code, result.error["code"]) == (8, "wrong_key"), "the key file would open the vault"
    assert admin("--json", "slots", "drill", slot).error["code"] == "no_terminal"
    assert admin("slots", "drill", "00000000").code == 3


def test_a_slot_without_its_plugin_is_listed_with_the_reason(admin, places, monkeypatch):
    with places.open(plugins=None) as kernel:
        monkeypatch.setattr(kernel.slots, "_find", lambda kind: None)
        (view,) = slot_views(kernel)
    assert view.unavailable == "no enabled plugin brings this kind"
