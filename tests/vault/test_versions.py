"""Versions: numbered without gaps, kept as configured, compared before they are replaced."""

import pytest

from palyra_kernel.errors import ConflictError, NotFoundError
from tests.support import Parts


def states(vault, ref="global/a"):
    return [(version.version, version.state) for version in vault.history(ref)]


def test_rollback_stores_the_old_value_as_a_new_version(vault):
    vault.put("global/a", b"1")
    vault.put("global/a", b"2")
    assert vault.rollback("global/a", 1).version == 3
    assert vault.get("global/a") == b"1"
    assert vault.get("global/a?version=2") == b"2"
    with pytest.raises(NotFoundError):
        vault.rollback("global/a", 9)


def test_only_so_many_versions_are_kept(tmp_path):
    parts = Parts(tmp_path / "h", keep=3)
    for number in range(1, 6):
        parts.vault.put("global/a", b"%d" % number)
    assert states(parts.vault) == [(5, "current"), (4, "kept"), (3, "kept")]
    with pytest.raises(NotFoundError) as caught:
        parts.vault.get("global/a?version=2")
    assert caught.value.code == "version_missing"
    parts.objects.tidy()
    assert len(parts.backend.list(None, 100)) == 3


def test_dropped_versions_do_not_wait_for_ever(tmp_path):
    """A commit for each would double the cost of a write; none at all would keep for years what was to go."""
    parts = Parts(tmp_path / "h", keep=1)
    for number in range(200):
        parts.vault.put("global/a", b"%d" % number)
        assert len(parts.backend.list(None, 1000)) <= 33


def test_dropped_versions_are_gone_when_the_kernel_is_closed(places):
    """A short-lived command must not leave them to the collector."""
    with places.create() as kernel:
        for number in range(15):
            kernel.vault.put("a", b"%d" % number)
    with places.open() as kernel:
        assert len(list(kernel._objects.listed())) == 10
        assert kernel.verify() == []


def test_expected_version_and_create_only(vault):
    vault.put("global/a", b"1", expected_version=0)
    with pytest.raises(ConflictError) as caught:
        vault.put("global/a", b"x", expected_version=0)
    assert (caught.value.code, caught.value.exit_code) == ("version_conflict", 7)
    vault.put("global/a", b"2", expected_version=1)
    with pytest.raises(ConflictError) as exists:
        vault.put("global/a", b"x", create_only=True)
    assert exists.value.code == "exists"
    with pytest.raises(ConflictError):
        vault.delete("global/a", expected_version=1)
    assert vault.delete("global/a", expected_version=2)
    assert vault.put("global/a", b"3", create_only=True).version == 3


def test_a_refused_write_leaves_nothing_behind(parts):
    parts.vault.put("global/a", b"1")
    blobs = parts.backend.list(None, 100)
    for options in ({"expected_version": 5}, {"create_only": True}):
        with pytest.raises(ConflictError):
            parts.vault.put("global/a", b"x", **options)
    assert parts.backend.list(None, 100) == blobs


def test_destroyed_versions_stay_in_the_history_without_their_value(parts):
    vault = parts.vault
    for number in (1, 2, 3):
        vault.put("global/a", b"%d" % number)
    assert vault.destroy("global/a", [1, 2]) == 2
    assert vault.destroy("global/a", [1]) == 0
    assert states(vault) == [(3, "current"), (2, "destroyed"), (1, "destroyed")]
    assert len(parts.backend.list(None, 100)) == 1
    with pytest.raises(NotFoundError) as caught:
        vault.get("global/a?version=1")
    assert caught.value.code == "destroyed"
    with pytest.raises(NotFoundError):
        vault.destroy("global/a", [3, 9])
    assert vault.get("global/a") == b"3"


def test_destroying_a_secret_takes_its_name_too(parts):
    vault = parts.vault
    vault.put("global/a", b"1")
    vault.put("global/a", b"2")
    assert vault.destroy("global/a") == 2
    assert parts.backend.list(None, 100) == []
    assert vault.list(deleted=True) == []
    with pytest.raises(NotFoundError):
        vault.history("global/a")
    assert vault.put("global/a", b"3").version == 1
    assert vault.get("global/a") == b"3"
