import shutil
import stat

import pytest

from tests.cli.helpers_admin import Admin
from tests.plugins.conftest import Site, backend_source


@pytest.fixture
def admin(places, capsys):
    return Admin(places, capsys)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    made = Site(folder)
    yield made
    made.forget()


def _state(admin, name):
    (line,) = [line for line in admin.ok("plugins", "list")["plugins"] if line["name"] == name]
    return line["state"]


def test_a_list_on_a_fresh_machine_makes_nothing(admin, places, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert _state(admin, "file") == "not enabled"
    assert admin("plugins").out == admin("plugins", "list").out
    assert admin.ok("plugins", "--json") == admin.ok("plugins", "list", "--json")
    assert admin("plugins", "doctor").code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_enable_makes_the_private_folder_and_says_what_it_trusts(admin, places, site):
    site.plugin()
    result = admin("plugins", "enable", "zed")
    assert result.code == 0
    for fact in ("acme-zed 1.0", "acme_zed", "sha256:", "as trusted as the kernel"):
        assert fact in result.out
    assert _state(admin, "zed") == "enabled"
    assert stat.S_IMODE(places.config_dir.stat().st_mode) & 0o077 == 0
    assert not places.state_root.exists()


def test_enable_gives_programs_the_whole_pin(admin):
    pin = admin.ok("plugins", "enable", "file")["enabled"]
    assert (pin["name"], pin["distribution"]) == ("file", "palyra-backend-file")


def test_an_editable_plugin_is_called_that(admin, site):
    site.plugin(editable=True)
    assert "not checked" in admin("plugins", "enable", "zed").out


def test_enabling_what_is_not_there_makes_nothing(admin, places):
    result = admin("--json", "plugins", "enable", "nobody")
    assert (result.code, result.error["code"]) == (3, "plugin_unknown")
    assert not places.config_dir.exists()


def test_what_would_stop_the_next_start_is_not_enabled(admin, places, site):
    site.add("acme-bad", {"bad": "acme_bad"}, {"acme_bad.py": "raise RuntimeError('no')"})
    assert admin("--json", "plugins", "enable", "bad").error["code"] == "plugin_broken"
    assert _state(admin, "bad") == "not enabled"


def test_a_plugin_that_was_removed_is_listed_found_and_disabled(admin, site):
    info = site.plugin()
    admin.ok("plugins", "enable", "zed")
    shutil.rmtree(info)
    site.forget()
    assert _state(admin, "zed") == "missing"
    doctor = admin("--json", "plugins", "doctor")
    assert doctor.code == 9
    assert doctor.json["ok"] is False
    assert admin("vault", "status").code in (3, 6)
    assert admin.ok("plugins", "disable", "zed") == {"disabled": "zed"}
    assert admin("plugins", "doctor").code == 0


def test_a_plugin_whose_code_was_changed_is_disabled_without_importing_it(admin, site):
    site.plugin()
    admin.ok("plugins", "enable", "zed")
    site.forget()
    site.write("acme_zed.py", "raise SystemExit('imported')")
    result = admin("plugins", "doctor")
    assert result.code == 9
    assert "file_changed" in result.out
    assert admin("plugins", "disable", "zed").code == 0


def test_an_upgraded_plugin_is_enabled_again(admin, site):
    info = site.plugin()
    admin.ok("plugins", "enable", "zed")
    shutil.rmtree(info)
    site.forget()
    site.add("acme-zed", {"zed": "acme_zed"}, {"acme_zed.py": backend_source()}, version="2.0")
    assert _state(admin, "zed") == "changed"
    assert admin.ok("plugins", "enable", "zed")["enabled"]["version"] == "2.0"
    assert _state(admin, "zed") == "enabled"


def test_disabling_what_is_not_enabled_is_not_found(admin, places):
    result = admin("--json", "plugins", "disable", "zed")
    assert (result.code, result.error["code"]) == (3, "plugin_not_enabled")
    assert not places.config_dir.exists()
