"""The small readers of METADATA, entry_points.txt, RECORD and direct_url.json, and the kernel range."""

from __future__ import annotations

import hashlib
import importlib.metadata

import pytest

import palyra_kernel
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.plugins import compat, verify
from palyra_kernel.plugins.compat import kernel_range, require_kernel
from palyra_kernel.plugins.discovery import discover
from palyra_kernel.plugins.distribution import read_distribution
from palyra_kernel.plugins.pinning import pin_of, the_only
from palyra_kernel.plugins.record import lists, rows
from palyra_kernel.plugins.verify import check_pin


def pinned(name="zed"):
    return pin_of(the_only(discover(), name))


def test_it_reads_what_importlib_reads(site):
    info = site.plugin()
    found = read_distribution(info)
    peer = importlib.metadata.PathDistribution(info)
    assert (found.name, found.version) == (peer.metadata["Name"], peer.version)
    assert list(found.requires) == peer.requires
    assert found.entry_points == {
        each.name: each.value for each in peer.entry_points.select(group="palyra.plugins")
    }
    assert found.record == "sha256:" + hashlib.sha256((info / "RECORD").read_bytes()).hexdigest()


def test_every_installed_distribution_of_this_environment_is_readable():
    """Strict is only useful when real metadata passes."""
    checked = 0
    for peer in importlib.metadata.distributions():
        folder = getattr(peer, "_path")  # noqa: B009  # no public name
        if folder.suffix == ".dist-info" and (folder / "RECORD").exists():
            found = read_distribution(folder)
            assert found.version == peer.version
            assert list(found.requires) == (peer.requires or [])
            assert {each.as_posix() for each in peer.files or ()} <= {row.listed for row in rows(folder)}
            checked += 1
    assert checked > 5


def test_continued_headers_and_windows_line_ends(site):
    info = site.plugin()
    (info / "METADATA").write_bytes(
        b"Name: acme-zed\r\nLicense: one\r\n        two: three\r\nVersion: 1.0\r\n\r\nVersion: 6\r\n"
    )
    assert read_distribution(info).version == "1.0"


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("METADATA", b"Name: a\nVersion: 1\nVersion: 2\n\n"),
        ("METADATA", b"Name: a\n\n"),
        ("METADATA", b"Name: a\nVersion: 1\x1b[2J\n\n"),
        ("METADATA", b"Name: a\nVersion 1\n\n"),
        ("METADATA", b"Name: a\nVersion: 1"),
        ("METADATA", b"Name: \xff\nVersion: 1\n\n"),
        ("entry_points.txt", b"[palyra.plugins]\nzed\n"),
        ("entry_points.txt", b"[palyra.plugins]\nzed = a\nzed = b\n"),
        ("entry_points.txt", b"[palyra.plugins]\nzed =\n"),
        ("direct_url.json", b"{"),
        ("direct_url.json", b'{"dir_info": {"editable": "yes"}}'),
    ],
)
def test_metadata_that_could_be_read_two_ways_is_refused(site, file, data):
    info = site.plugin()
    (info / file).write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        read_distribution(info)
    assert caught.value.code == "plugin_metadata"


def test_without_record_there_is_nothing_to_pin(site):
    info = site.plugin()
    (info / "RECORD").unlink()
    with pytest.raises(IntegrityError, match="no RECORD"):
        pinned()


def test_other_groups_may_look_as_they_like(site):
    info = site.plugin()
    (info / "entry_points.txt").write_text(
        "[other]\nwhatever\n[palyra.plugins]\n# note\nzed = acme_zed\n[more]\n=\n"
    )
    assert read_distribution(info).entry_points == {"zed": "acme_zed"}


def test_record_paths_with_commas_and_quotes(site):
    info = site.plugin()
    record = info / "RECORD"
    record.write_text(record.read_text() + '"a ""b"", c.py",sha256=x,1\n')
    assert [row.listed for row in rows(info)][-1] == 'a "b", c.py'
    assert lists(info, site.folder / "acme_zed.py")
    assert not lists(info, site.folder / "acme_other.py")


def test_record_reaches_outside_of_its_folder(site, tmp_path):
    """Where purelib and platlib differ, modules are listed as ../../../lib64/…"""
    info = site.plugin()
    other = tmp_path / "lib64"
    other.mkdir()
    (other / "m.py").write_text("")
    (info / "RECORD").write_text("../lib64/m.py,sha256=x,0\n")
    assert lists(info, other / "m.py")


def test_a_pin_that_fits(site):
    site.plugin()
    assert check_pin(pinned()).name == "acme-zed"


def test_an_unexpected_upgrade_is_noticed(site):
    """pip removes the old .dist-info and makes another: that is a change, not an absence."""
    info = site.plugin()
    pin = pinned()
    info.rename(info.with_name("acme_zed-2.0.dist-info"))
    with pytest.raises(IntegrityError, match=r"acme_zed-2\.0\.dist-info is installed instead") as caught:
        check_pin(pin)
    assert caught.value.code == "plugin_changed"
    assert "palyra plugins enable zed" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("METADATA", "Version: 1.0", "Version: 1.1", "version"),
        ("METADATA", "Name: acme-zed", "Name: acme-zee", "distribution"),
        ("entry_points.txt", "zed = acme_zed", "zed = subprocess", "entry point"),
        ("entry_points.txt", "zed = acme_zed", "", "entry point"),
        ("RECORD", "acme_zed.py", "acme_zed.py ", "RECORD"),
    ],
)
def test_any_difference_stops(site, file, old, new, what):
    info = site.plugin()
    pin = pinned()
    text = (info / file).read_text()
    (info / file).write_text(text.replace(old, new))
    with pytest.raises(IntegrityError, match=f"its {what} changed") as caught:
        check_pin(pin)
    assert caught.value.code == "plugin_changed"


def test_editable_and_not_are_not_the_same(site):
    """Else a pinned release could be swapped for a working tree, whose files no digest holds."""
    info = site.plugin()
    pin = pinned()
    (info / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    assert pinned().record == "editable"
    with pytest.raises(IntegrityError, match="RECORD"):
        check_pin(pin)


def test_gone(site):
    info = site.plugin()
    pin = pinned()
    info.rename(site.folder / "elsewhere")
    with pytest.raises(UnavailableError) as caught:
        check_pin(pin)
    assert caught.value.code == "plugin_missing"
    assert "palyra plugins disable zed" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("requires", "accepted"),
    [
        (["palyra-kernel>=0.1,<0.2"], "<0.2,>=0.1"),
        (["other", "Palyra_Kernel >= 0.1"], ">=0.1"),
        (["palyra-kernel>=0.1; python_version>'3'"], ">=0.1"),
        (["palyra-kernel>=0.1", "palyra-kernel<1; extra == 'x'"], ">=0.1"),
    ],
)
def test_the_range_is_read(site, requires, accepted):
    info = site.plugin(requires=requires)
    assert kernel_range(read_distribution(info)) == accepted


@pytest.mark.parametrize(
    "requires",
    [
        [],
        ["palyra-kernel"],
        ["palyra-kernel @ file:///x"],
        ["palyra-kernel>=0.1; python_version<'3'"],
        ["palyra-kernel>=0.1; extra == 'x'"],
        ["palyra-kernel>=9"],
        ["palyra-kernel<0.1"],
    ],
)
def test_no_range_or_out_of_range_is_refused(site, requires):
    """Editable installs and --no-deps get past the installer's check."""
    site.plugin(requires=requires)
    with pytest.raises(UnavailableError) as caught:
        pinned()
    assert caught.value.code == "plugin_incompatible"


def test_the_range_is_checked_again_when_the_kernel_changed(site, monkeypatch):
    site.plugin()
    pin = pinned()
    assert pin.kernel == palyra_kernel.__version__
    for module in (verify, compat):
        monkeypatch.setattr(module, "__version__", "0.1.9")
    check_pin(pin)
    for module in (verify, compat):
        monkeypatch.setattr(module, "__version__", "0.2.0.dev1")
    with pytest.raises(UnavailableError, match=r"this is 0\.2\.0\.dev1") as caught:
        check_pin(pin)
    assert caught.value.code == "plugin_incompatible"


def test_a_range_that_is_none(monkeypatch):
    with pytest.raises(UnavailableError):
        require_kernel("nonsense", "x")
