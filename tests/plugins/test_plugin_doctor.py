"""The doctor finds what a start has no time to look for, and needs no plugin to work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from palyra_kernel.plugins.doctor import diagnose
from palyra_kernel.plugins.manage import enable


def of(findings, subject="zed"):
    return sorted((each.severity, each.code) for each in findings if each.subject == subject)


def messages(findings, code):
    return [each.message for each in findings if each.code == code]


@pytest.fixture
def package(site, config_dir, source):
    """An enabled plugin that is a package with a subpackage; nothing of it is imported afterwards."""
    files = {
        "acme_pkg/__init__.py": source(),
        "acme_pkg/sub/deep.py": "x = 1",
        "acme_pkg/data.txt": "data",
    }
    info = site.add("acme-pkg", {"zed": "acme_pkg"}, files)
    enable(config_dir, "zed")
    site.forget()
    return info


def test_a_healthy_plugin_has_no_finding(package, config_dir):
    assert of(diagnose(config_dir)) == []
    assert "acme_pkg" not in sys.modules


def test_a_changed_file(package, config_dir, site):
    """The digest of RECORD still fits: only reading the files shows it."""
    site.write("acme_pkg/sub/deep.py", "x = 2")
    found = diagnose(config_dir)
    assert of(found) == [("error", "file_changed")]
    assert "deep.py is not what was installed" in messages(found, "file_changed")[0]


def test_a_missing_file(package, config_dir, site):
    (site.folder / "acme_pkg/data.txt").unlink()
    assert of(diagnose(config_dir)) == [("error", "file_missing")]


@pytest.mark.parametrize("name", ["acme_pkg/extra.py", "acme_pkg/sub/__init__.pyc", "acme_pkg/new/x.py"])
def test_an_importable_file_that_nobody_brought(package, config_dir, site, name):
    """A leftover of an older version, or a plant: `import acme_pkg.extra` would run it."""
    site.write(name, "")
    found = diagnose(config_dir)
    assert of(found) == [("error", "file_unlisted")]
    assert Path(name).name in messages(found, "file_unlisted")[0]


def test_compiled_files_and_data_are_no_finding(package, config_dir, site):
    site.write("acme_pkg/__pycache__/extra.cpython-311.pyc", "")
    site.write("acme_pkg/notes.md", "")
    assert of(diagnose(config_dir)) == []


def test_another_distribution_in_the_same_namespace_is_no_finding(site, config_dir, source):
    site.add("acme-ns", {"zed": "acme_ns.zed"}, {"acme_ns/zed.py": source()})
    site.add("acme-other", {}, {"acme_ns/other.py": ""})
    enable(config_dir, "zed")
    assert of(diagnose(config_dir)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_link_to_a_folder(package, config_dir, site, tmp_path):
    (tmp_path / "else").mkdir()
    (site.folder / "acme_pkg" / "linked").symlink_to(tmp_path / "else")
    assert of(diagnose(config_dir)) == [("error", "file_unlisted")]


def test_weak_digests_and_rows_without(package, config_dir):
    record = package / "RECORD"
    text = record.read_text()
    record.write_text(text + "acme_pkg/old.pyc,,\nacme_pkg/data.txt,md5=x,1\nacme_pkg/sub/deep.py,,\n")
    assert of(diagnose(config_dir)) == [
        ("error", "file_changed"),
        ("error", "plugin_changed"),
        ("warning", "file_unhashed"),
    ]


def test_a_pth_file_with_code(package, config_dir, site):
    """A release of litellm shipped one: it stole credentials at every start of Python, imported or not."""
    site.write("litellm_init.pth", "# comment\nimport os; os.environ\n")
    site.write("paths.pth", "/srv/somewhere\nimportant/path\n")
    found = diagnose(config_dir)
    assert of(found, "litellm_init.pth") == [("warning", "executable_pth")]
    assert of(found, "paths.pth") == []
    assert of(found) == []


def test_a_pth_file_that_an_enabled_plugin_brought(site, config_dir, source):
    site.add("acme-pth", {"zed": "acme_pth"}, {"acme_pth.py": source(), "acme.pth": "\ufeffimport\tsys\n"})
    enable(config_dir, "zed")
    found = diagnose(config_dir)
    assert of(found) == [("error", "executable_pth")]
    assert "acme-pth 1.0) brought it" in messages(found, "executable_pth")[0]


def test_it_works_when_the_plugin_is_changed_broken_or_gone(package, config_dir, site):
    """A broken plugin took the command that was meant to find it down with it."""
    site.write("acme_pkg/__init__.py", "raise SystemExit")
    (package / "METADATA").write_text("nonsense")
    assert of(diagnose(config_dir)) == [
        ("error", "file_changed"),
        ("error", "file_changed"),
        ("error", "plugin_metadata"),
    ]
    package.rename(package.with_name("elsewhere"))
    assert of(diagnose(config_dir)) == [("error", "plugin_missing")]


def test_a_record_that_cannot_be_read(package, config_dir):
    (package / "RECORD").write_text("one column\n")
    assert of(diagnose(config_dir)) == [("error", "plugin_changed"), ("error", "plugin_metadata")]
    (package / "RECORD").write_bytes(b"\xff\n")
    assert of(diagnose(config_dir)) == [("error", "plugin_changed"), ("error", "plugin_metadata")]


def test_a_torn_upgrade(package, config_dir, site):
    site.add("acme-pkg", {"zed": "acme_pkg"}, version="2.0")
    assert ("error", "plugin_metadata") in of(diagnose(config_dir))


def test_an_editable_install_is_said(site, config_dir):
    site.plugin(editable=True)
    enable(config_dir, "zed")
    assert of(diagnose(config_dir)) == [("info", "plugin_editable")]


def test_what_is_installed_and_not_enabled_is_said(site, config_dir):
    site.plugin("idle", kind="idle")
    site.plugin("old", requires=["palyra-kernel>=9"])
    site.add("acme-a", {"twice": "a"})
    site.add("acme-b", {"twice": "b"})
    found = diagnose(config_dir)
    assert of(found, "idle") == of(found, "old") == [("info", "plugin_not_enabled")]
    assert of(found, "twice") == [("warning", "plugin_duplicate")] * 2
    assert "acme_idle" not in sys.modules
