"""Enable, disable, list."""

from __future__ import annotations

import sys
import types

import pytest

from palyra_kernel.errors import ConflictError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.plugins import PluginHost
from palyra_kernel.plugins.listing import listing
from palyra_kernel.plugins.manage import disable, enable
from palyra_kernel.plugins.pins import LOCK_FILE, read_pins


def states(config_dir):
    found = [line for line in listing(config_dir) if line.distribution.startswith("acme")]
    return [(line.name, line.distribution, line.state) for line in found]


def test_enable_pins_what_is_there(site, tmp_path):
    info = site.plugin()
    config_dir = tmp_path / "new" / "config"
    pin = enable(config_dir, "zed")
    assert read_pins(config_dir) == {"zed": pin}
    assert pin.path == str(info)
    assert (pin.name, pin.entry_point, pin.distribution, pin.version) == (
        "zed",
        "acme_zed",
        "acme-zed",
        "1.0",
    )
    assert pin.record.startswith("sha256:")
    assert (pin.requires_kernel, pin.kernel) == ("<0.2,>=0.1", "0.1.0")
    assert [each.plugin for each in PluginHost.load(config_dir).plugins] == ["zed"]


def test_enable_again_pins_what_changed(site, config_dir):
    info = site.plugin()
    enable(config_dir, "zed")
    site.write("acme_zed.py", (site.folder / "acme_zed.py").read_text() + "\nx = 1\n")
    site.record(info, {"acme_zed.py": ""})
    assert states(config_dir) == [("zed", "acme-zed", "changed")]
    with pytest.raises(PalyraError) as caught:
        PluginHost.load(config_dir)
    assert caught.value.code == "plugin_changed"
    enable(config_dir, "zed")
    assert PluginHost.load(config_dir).plugins


def test_a_broken_plugin_is_not_pinned(site, config_dir):
    """Pinned first and tried later, it stops the next start."""
    site.add("acme-bad", {"bad": "acme_bad"}, {"acme_bad.py": "1 / 0"})
    with pytest.raises(UnavailableError):
        enable(config_dir, "bad")
    assert read_pins(config_dir) is None
    assert not (config_dir / LOCK_FILE).exists()


def test_a_clash_with_a_builtin_or_an_enabled_plugin_is_not_pinned(site, config_dir, source):
    module = types.ModuleType("palyra_kernel.rooms.builtin")
    exec(source("file"), module.__dict__)
    site.plugin("one", kind="same")
    site.plugin("two", kind="same")
    site.plugin("thief", kind="file")
    enable(config_dir, "one", [module])
    for name in ("two", "thief"):
        with pytest.raises(ConflictError):
            enable(config_dir, name, [module])
    assert list(read_pins(config_dir) or ()) == ["one"]


def test_that_another_plugin_is_broken_keeps_nobody_out(site, config_dir):
    site.plugin("one", kind="one")
    site.plugin("two", kind="two")
    enable(config_dir, "one")
    (site.folder / "acme_one.py").unlink()
    site.forget()
    enable(config_dir, "two")
    assert list(read_pins(config_dir) or ()) == ["one", "two"]


def test_a_look_alike_does_not_take_over_a_name(site, config_dir, source):
    """After an uninstall, another distribution of the same plugin name would have been pinned over it."""
    info = site.plugin()
    enable(config_dir, "zed")
    info.rename(site.folder / "gone")
    site.add("acme-zedd", {"zed": "acme_zedd"}, {"acme_zedd.py": source()})
    with pytest.raises(ConflictError, match=r"from acme-zed 1\.0.*acme-zedd 1\.0"):
        enable(config_dir, "zed")
    assert "acme_zedd" not in sys.modules
    disable(config_dir, "zed")
    assert enable(config_dir, "zed").distribution == "acme-zedd"


@pytest.mark.parametrize("value", ["acme_bad:x [extra]", "acme bad", "acme_bad:"])
def test_entry_points_that_we_do_not_read(site, config_dir, value):
    site.add("acme-bad", {"bad": value}, {"acme_bad.py": ""})
    with pytest.raises(PalyraError):
        enable(config_dir, "bad")


def test_an_illegal_name(site, config_dir):
    site.add("acme-bad", {"Bad.Name": "acme_bad"}, {"acme_bad.py": ""})
    with pytest.raises(UnavailableError, match="lower-case"):
        enable(config_dir, "Bad.Name")


def test_an_egg_info_is_listed_and_cannot_be_pinned(site, config_dir):
    egg = site.folder / "acme_egg.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme-egg\nVersion: 1.0\n\n")
    (egg / "entry_points.txt").write_text("[palyra.plugins]\negg = acme_egg\n")
    assert states(config_dir) == [("egg", "acme-egg", "refused")]
    with pytest.raises(UnavailableError, match="dist-info"):
        enable(config_dir, "egg")


@pytest.mark.parametrize("damage", ["break", "change", "remove"])
def test_disable_works_whatever_happened_to_the_plugin(site, config_dir, damage):
    """A plugin that fails at import stopped the very command that switches it off."""
    info = site.plugin()
    enable(config_dir, "zed")
    site.forget()
    if damage == "break":
        site.write("acme_zed.py", "raise SystemExit")
    elif damage == "change":
        (info / "METADATA").write_text("nonsense")
    else:
        info.rename(site.folder / "gone")
        (site.folder / "acme_zed.py").unlink()
    disable(config_dir, "zed")
    assert read_pins(config_dir) == {}
    assert "acme_zed" not in sys.modules
    with pytest.raises(NotFoundError) as caught:
        disable(config_dir, "zed")
    assert caught.value.code == "plugin_not_enabled"


def test_disable_without_a_lock(config_dir, tmp_path):
    for folder in (config_dir, tmp_path / "none"):
        with pytest.raises(NotFoundError):
            disable(folder, "zed")
    assert list(config_dir.iterdir()) == []
    assert not (tmp_path / "none").exists()


def test_the_list_shows_everything_and_imports_nothing(site, config_dir):
    enabled = site.plugin("enabled", kind="enabled")
    changed = site.plugin("changed", kind="changed")
    missing = site.plugin("missing", kind="missing")
    site.plugin("idle", kind="idle")
    site.plugin("old", requires=["palyra-kernel>=9"])
    site.add("acme-x", {"twice": "x"})
    site.add("acme-y", {"twice": "y"})
    for name in ("enabled", "changed", "missing"):
        enable(config_dir, name)
    site.forget()
    (changed / "RECORD").write_text((changed / "RECORD").read_text() + "more.py,,\n")
    missing.rename(site.folder / "gone")
    assert enabled.exists()

    assert states(config_dir) == [
        ("changed", "acme-changed", "changed"),
        ("enabled", "acme-enabled", "enabled"),
        ("idle", "acme-idle", "not enabled"),
        ("missing", "acme-missing", "missing"),
        ("old", "acme-old", "incompatible"),
        ("twice", "acme-x", "duplicate"),
        ("twice", "acme-y", "duplicate"),
    ]
    assert not any(name.startswith("acme_") for name in sys.modules)
    reasons = {line.name: line.reason for line in listing(config_dir)}
    assert reasons["twice"] == "the name is offered by acme-x 1.0 and by acme-y 1.0"
    assert reasons["enabled"] is reasons["idle"] is None
    assert ">=9" in str(reasons["old"])


def test_a_rival_of_an_enabled_plugin_does_not_disturb_it(site, config_dir):
    site.plugin()
    enable(config_dir, "zed")
    site.add("acme-rival", {"zed": "rival"})
    assert states(config_dir) == [("zed", "acme-rival", "duplicate"), ("zed", "acme-zed", "enabled")]
    assert PluginHost.load(config_dir).plugins
