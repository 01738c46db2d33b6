import os
from pathlib import Path

import pytest

from palyra_kernel import UnavailableError
from palyra_kernel.kernel import health
from tests.cli.helpers_admin import Admin, key_file
from tests.support import edited


@pytest.fixture
def admin(places, capsys, monkeypatch):
    # What other packages put beside us is not what these tests are about.
    monkeypatch.setattr("palyra_kernel.plugins.doctor.executable_pth", lambda folder: [])
    return Admin(places, capsys)


def _codes(admin, *arguments, code=0):
    result = admin("--json", "doctor", *arguments)
    assert result.code == code, result
    return {finding["code"]: finding for finding in result.json["findings"]}


def _serious(findings):
    return {code for code, finding in findings.items() if finding["severity"] != "info"}


def test_on_a_fresh_machine_there_is_one_finding_and_nothing_is_made(admin, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    findings = _codes(admin)
    assert set(findings) == {"vault_missing"}
    assert "palyra init" in findings["vault_missing"]["hint"]
    assert "palyra init" in admin("doctor").out
    _codes(admin, "--strict", code=9)
    assert sorted(tmp_path.rglob("*")) == before


def test_plugins_are_examined_before_there_is_a_vault(admin, places):
    admin.ok("plugins", "enable", "file")
    assert {"vault_missing", "plugin_editable"} <= set(_codes(admin))
    assert not places.state_root.exists()


def test_a_new_vault_is_told_its_weaknesses_with_the_commands_that_help(admin):
    admin.make()
    findings = _codes(admin)
    assert _serious(findings) == {"weak_slot", "single_slot"}
    assert "palyra slots add recovery" in findings["single_slot"]["hint"]
    assert f"palyra slots remove {admin.slot('file')}" in findings["weak_slot"]["hint"]
    shown = admin("doctor")
    assert "errors: 0, warnings: 2" in shown.out


def test_warnings_count_only_when_strict(admin):
    admin.make()
    assert admin("doctor").code == 0
    assert admin("doctor", "--strict").code == 9


def test_a_vault_with_good_slots_has_nothing_to_warn_of(admin, tmp_path):
    admin.make(a=b"1")
    phrase = key_file(tmp_path, "phrase", "correct horse")
    cheap = ("--memory-kib", "8192", "--iterations", "1", "--lanes", "1")
    admin.ok("slots", "add", "passphrase", *cheap, "--new-passphrase-file", phrase)
    assert _serious(_codes(admin)) == {"weak_slot", "no_recovery_slot"}
    admin.ok("slots", "add", "recovery")
    admin.ok("slots", "remove", admin.slot("file"), "--yes")
    assert _serious(_codes(admin, code=9)) == {"no_slot_opens"}, "nobody brought the passphrase"
    result = admin("--json", "--passphrase-file", phrase, "doctor", "--strict")
    assert result.code == 0
    assert {finding["severity"] for finding in result.json["findings"]} <= {"info"}


def test_a_key_that_is_only_on_paper_wants_company(admin, tmp_path):
    admin.make()
    key = key_file(tmp_path, "paper", admin("slots", "add", "recovery").out)
    admin.ok("slots", "remove", admin.slot("file"), "--yes")
    (finding,) = admin.ok("--recovery-file", key, "doctor")["findings"][:1]
    assert (finding["code"], finding["hint"]) == ("single_slot", "palyra slots add passphrase")


@pytest.mark.skipif(os.name == "nt", reason="modes are not checked on Windows")
def test_an_open_folder_is_an_error_and_is_named_once(admin, places):
    admin.make()
    places.state_root.chmod(0o755)
    result = admin("--json", "doctor")
    assert result.code == 9
    unsafe = [finding for finding in result.json["findings"] if finding["code"] == "unsafe_folder"]
    assert [finding["subject"] for finding in unsafe] == [str(places.state_root)]
    assert places.state_root.stat().st_mode & 0o777 == 0o755, "found, not repaired"


def test_a_mistake_in_the_configuration_is_an_error(admin, places):
    admin.make()
    (places.config_dir / "palyra.toml").write_text("[vault]\nversion_kept = 3\n")
    findings = _codes(admin, code=9)
    assert _serious(findings) == {"invalid_config"}
    assert "version_kept" in findings["invalid_config"]["message"]


def test_a_damaged_lock_of_plugins_is_an_error(admin, places):
    admin.make()
    (places.config_dir / "plugins.lock").write_text("{}")
    assert _serious(_codes(admin, code=9)) == {"plugins_lock_damaged"}


def test_a_vault_that_does_not_open_is_an_error_with_its_code(admin, places):
    admin.make()
    next((places.config_dir / "keys").iterdir()).unlink()
    assert "no_slot_opens" in _codes(admin, code=9)


def test_a_lost_keyring_is_not_called_no_vault(admin, places):
    admin.make()
    (places.state_root / "keyring.json").unlink()
    assert "keyring_missing" in _codes(admin, code=9)


def test_a_tampered_store_is_an_error(admin, places):
    admin.make()
    with edited(places.records_db) as records:
        records.execute("UPDATE records SET value = zeroblob(length(value))")
    assert _codes(admin, code=9)


def test_a_backend_that_fails_its_canary_is_an_error(admin, monkeypatch):
    admin.make()

    def fails(self):
        raise UnavailableError("probe_failed", "it did not give back what was written")

    monkeypatch.setattr("palyra_backend_file.FileBackend.probe", fails)
    findings = _codes(admin, code=9)
    assert findings["probe_failed"]["subject"] == "backend file"


def test_a_configuration_folder_inside_the_state_root_is_a_warning(admin, places):
    places.config_dir = places.state_root / "config"
    admin.make()
    assert "keys_in_state_root" in _serious(_codes(admin))


def test_a_slot_whose_plugin_is_gone_or_that_does_not_work_here_is_a_warning(admin, places, monkeypatch):
    admin.make()
    with places.open(plugins=None) as kernel:
        protector = kernel.slots.protector("file")
        monkeypatch.setattr(protector, "available", lambda: "no such device", raising=False)
        for found in (None, protector):
            monkeypatch.setattr(kernel.slots, "_find", lambda kind, found=found: found)
            codes = [finding.code for finding in health.kernel_findings(kernel)]
            assert "slot_unusable" in codes


def test_many_seals_are_warned_of_in_time():
    assert not list(health._seals(2**31 - 1))
    (finding,) = health._seals(2**31)
    assert (finding.severity, finding.code) == ("warning", "many_seals")


def test_an_old_sqlite_is_only_a_note():
    (finding,) = health._sqlite((3, 51, 2))
    assert (finding.severity, finding.subject) == ("info", "SQLite 3.51.2")
    assert not list(health._sqlite((3, 51, 3)))


MOUNTS = r"""
22 27 0:21 / / rw,relatime - ext4 /dev/vda rw
23 22 0:22 / /home rw shared:1 - nfs4 server:/home rw
24 22 0:23 / /home/me/local\040disk rw - ext4 /dev/vdb rw
25 22 0:24 / /mnt rw - ext4 /dev/vdc rw
26 22 0:25 / /mnt rw - fuse.sshfs host: rw
torn line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/palyra", "ext4"),
        ("/home/me", "nfs4"),
        ("/homeless", "ext4"),
        ("/home/me/local disk/vault", "ext4"),
        ("/mnt/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_longest_mount_point(path, kind):
    assert health.file_system(Path(path), MOUNTS) == kind


def test_a_state_root_on_the_network_is_a_warning(admin, places, tmp_path, monkeypatch):
    """Hazard K4: locks mean little on a network file system, and nobody said so."""
    admin.make()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {places.state_root} rw - cifs b rw\n")
    monkeypatch.setattr(health, "_MOUNTS", mounts)
    assert "cifs" in _codes(admin)["network_file_system"]["message"]
    monkeypatch.setattr(health, "_MOUNTS", tmp_path / "none")
    assert "network_file_system" not in _codes(admin)


def test_what_a_loss_would_cost_depends_on_the_slots(admin, tmp_path):
    """Nobody knew what a stolen disk or a lost sheet would mean until it was stolen or lost."""
    admin.make()
    costs = {code: found for code, found in _codes(admin).items() if code.startswith("cost_")}
    events = ("changed_password", "lost_machine", "lost_sheet", "stolen_backup", "stolen_disk")
    assert sorted(costs) == [f"cost_{event}" for event in events]
    assert {found["severity"] for found in costs.values()} == {"info"}
    assert "every secret is lost" in costs["cost_lost_machine"]["message"]
    assert "reads every secret" in costs["cost_stolen_disk"]["message"]
    assert costs["cost_changed_password"]["message"] == "nothing: no slot depends on it"
    assert costs["cost_lost_sheet"]["hint"] == "palyra slots add recovery"
    admin.ok("slots", "add", "recovery")
    costs = _codes(admin)
    assert "bring back what is in it" in costs["cost_lost_machine"]["message"]
    assert "still opens here" in costs["cost_lost_sheet"]["message"]
    assert "only the recovery sheet opens it" in costs["cost_stolen_backup"]["message"]


def test_a_key_file_that_nothing_uses_is_named(admin, places):
    """A change of the root key that was killed leaves a key behind, which opens what somebody copied before."""
    admin.make()
    (file,) = (places.config_dir / "keys").iterdir()
    left = file.with_name(f"{file.stem}.0123abcd.key")
    left.write_bytes(bytes(32))
    left.chmod(0o600)
    findings = _codes(admin)
    assert findings["unused_key_file"]["subject"] == str(left)
