"""What is installed is found without importing it, and never from somebody's cache."""

from __future__ import annotations

import importlib.metadata
import json
import sys

import pytest
from stevedore import _cache
from stevedore.extension import ExtensionManager

from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError
from palyra_kernel.hookspecs import ENTRY_POINT_GROUP
from palyra_kernel.plugins.discovery import discover
from palyra_kernel.plugins.pinning import pin_of, the_only


def ours(found):
    return [each for each in found if each.distribution.startswith("acme")]


def test_a_planted_stevedore_cache_is_not_believed(site, tmp_path, monkeypatch):
    """stevedore trusts a JSON file in the user's cache folder: edited, it returned subprocess.Popen as a driver."""
    site.plugin()
    cache = tmp_path / "cache"
    planted = _cache.Cache(str(cache))
    digest, paths = _cache._hash_settings_for_path(tuple(sys.path))
    cache.mkdir()
    evil = {
        "groups": {ENTRY_POINT_GROUP: [["zed", "subprocess:Popen", ENTRY_POINT_GROUP]]},
        "path_values": paths,
    }
    (cache / digest).write_text(json.dumps(evil))
    monkeypatch.setattr(_cache, "get_group_all", planted.get_group_all)
    assert [each.value for each in planted.get_group_all(ENTRY_POINT_GROUP)] == ["subprocess:Popen"]

    (found,) = ours(discover())

    assert (found.value, found.distribution, found.version) == ("acme_zed", "acme-zed", "1.0")


def test_no_cache_file_is_read_or_written(site, monkeypatch):
    site.plugin()

    def touched(*_):
        raise AssertionError("stevedore's cache was used")

    for name in ("get_group_all", "get_group_named", "get_single"):
        monkeypatch.setattr(_cache, name, touched)
    assert ours(discover())


def test_stevedore_is_left_as_it_was(site, monkeypatch):
    site.plugin()
    table = dict(ExtensionManager.ENTRY_POINT_CACHE)
    discover()
    assert table == ExtensionManager.ENTRY_POINT_CACHE
    mine = [importlib.metadata.EntryPoint("x", "y", ENTRY_POINT_GROUP)]
    monkeypatch.setitem(ExtensionManager.ENTRY_POINT_CACHE, ENTRY_POINT_GROUP, mine)
    assert ours(discover())
    assert ExtensionManager.ENTRY_POINT_CACHE[ENTRY_POINT_GROUP] is mine


def test_nothing_is_imported(site):
    site.add("acme-bomb", {"bomb": "acme_bomb"}, {"acme_bomb.py": "raise SystemExit('imported')"})
    assert [each.name for each in ours(discover())] == ["bomb"]
    assert "acme_bomb" not in sys.modules


def test_sorted_by_name_then_distribution(site):
    """Directory order decided who came first elsewhere, so it differed between machines."""
    site.add("acme-z", {"beta": "m", "alpha": "m"})
    site.add("acme-a", {"gamma": "m", "beta": "m"})
    found = [(each.name, each.distribution) for each in ours(discover())]
    assert found == [("alpha", "acme-z"), ("beta", "acme-a"), ("beta", "acme-z"), ("gamma", "acme-a")]


def test_a_name_offered_twice_names_both(site):
    """stevedore's error_on_conflict misses duplicates that are not neighbours; pluggy keeps the first, silently."""
    site.add("acme-one", {"zed": "one"})
    site.add("acme-between", {"y": "y"})
    site.add("acme-two", {"zed": "two"})
    with pytest.raises(ConflictError, match=r"acme-one 1\.0 and by acme-two 1\.0") as caught:
        the_only(discover(), "zed")
    assert caught.value.code == "plugin_duplicate"


def test_an_unknown_name(site):
    with pytest.raises(NotFoundError) as caught:
        the_only(discover(), "nobody")
    assert caught.value.code == "plugin_unknown"


def test_the_first_on_the_path_shadows_the_same_distribution_later(site, tmp_path, monkeypatch):
    """A virtual environment over system packages is no conflict: an import finds the first."""
    site.plugin(version="2.0")
    later = tmp_path / "later-packages"
    later.mkdir()
    type(site)(later).plugin(version="1.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later), str(site.folder)])
    assert [each.version for each in ours(discover())] == ["2.0"]


def test_a_torn_upgrade_is_not_pinned(site):
    """Two .dist-info folders of one distribution in one place: which is true depends on directory order."""
    old = site.plugin(version="1.0")
    new = site.plugin(version="2.0")
    found = ours(discover())
    assert [each.version for each in found] == ["1.0", "2.0"]
    with pytest.raises(IntegrityError, match=f"{old.name}, {new.name}"):
        pin_of(found[0])


def test_a_damaged_neighbour_hides_nobody(site):
    """One entry_points.txt without '=' made importlib.metadata raise for the whole environment."""
    site.plugin()
    broken = site.add("broken-thing", {})
    (broken / "entry_points.txt").write_text("[palyra.plugins]\nno equals sign\n")
    bare = site.add("acme-bare", {"bare": "m"})
    (bare / "METADATA").unlink()
    assert {each.name for each in discover()} >= {"bare", "zed"}


def test_terminal_codes_in_foreign_metadata_are_not_passed_on(site):
    site.add("acme-ugly", {"evil\x1b[2J": "m"})
    (found,) = ours(discover())
    assert found.name == "evil?[2J"
