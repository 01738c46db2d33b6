"""plugins.lock: strict, deterministic, ours, and never in the state root."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from palyra_kernel.errors import DeniedError, IntegrityError, UnavailableError
from palyra_kernel.plugins.pins import LOCK_FILE, Pin, edited_pins, read_pins


def a_pin(name="zed", **changes):
    values = {
        "name": name,
        "entry_point": f"acme_{name}",
        "distribution": f"acme-{name}",
        "version": "1.0",
        "path": str(Path(f"/srv/acme_{name}-1.0.dist-info").absolute()),
        "record": "sha256:" + "0" * 64,
        "requires_kernel": "<0.2,>=0.1",
        "kernel": "0.1.0",
    }
    return Pin(**(values | changes))


def test_no_lock_is_none_and_an_empty_one_is_not(config_dir, tmp_path):
    """'Nothing is enabled' and 'nobody has decided yet' are different answers."""
    assert read_pins(config_dir) is None
    assert read_pins(tmp_path / "nowhere") is None
    with edited_pins(config_dir) as pins:
        pins["zed"] = a_pin()
    with edited_pins(config_dir) as pins:
        del pins["zed"]
    assert read_pins(config_dir) == {}


def test_what_is_written_is_read_back_sorted_and_the_same_each_time(config_dir):
    with edited_pins(config_dir) as pins:
        pins["zed"] = a_pin()
        pins["abc"] = a_pin("abc")
    first = (config_dir / LOCK_FILE).read_bytes()
    assert list(read_pins(config_dir) or ()) == ["abc", "zed"]
    with edited_pins(config_dir) as pins:
        zed = pins.pop("zed")
    with edited_pins(config_dir) as pins:
        pins["zed"] = zed
    assert (config_dir / LOCK_FILE).read_bytes() == first
    assert b'\n      "name": "abc",' in first
    assert first.endswith(b"}\n")


def checked(document):
    """*document* with a right checksum: what is refused is refused for its shape."""
    text = json.dumps(document)
    return f'{{"checksum": "{hashlib.sha256(text.encode()).hexdigest()}", "document": {text}}}'


def test_an_error_in_the_block_writes_nothing(config_dir):
    with pytest.raises(ZeroDivisionError), edited_pins(config_dir) as pins:
        pins["zed"] = a_pin(version=str(1 // len(pins)))
    assert read_pins(config_dir) is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"plugins": None},
        {"extra": 1},
        {"plugins": [{"name": "zed"}]},
    ],
)
def test_a_document_of_another_shape_is_refused(config_dir, change):
    """A field that a reader skips is a field that an attacker, or a later version, can hide a meaning in."""
    document = {"format": 1, "plugins": []} | change
    (config_dir / LOCK_FILE).write_text(checked(document))
    (config_dir / LOCK_FILE).chmod(0o600)
    with pytest.raises(IntegrityError) as caught:
        read_pins(config_dir)
    assert caught.value.code == "plugins_lock_damaged"


def test_a_lock_of_a_later_version_is_not_called_damaged(config_dir):
    (config_dir / LOCK_FILE).write_text(checked({"format": 2, "future": True}))
    (config_dir / LOCK_FILE).chmod(0o600)
    with pytest.raises(UnavailableError) as caught:
        read_pins(config_dir)
    assert caught.value.code == "newer_format"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[1]", b'{"format": 1, "plugins": "\xff"}'])
def test_bytes_that_are_no_document(config_dir, data):
    (config_dir / LOCK_FILE).write_bytes(data)
    (config_dir / LOCK_FILE).chmod(0o600)
    with pytest.raises(IntegrityError):
        read_pins(config_dir)


def test_a_plugin_twice_in_the_lock(config_dir):
    pin = msgspec.to_builtins(a_pin())
    (config_dir / LOCK_FILE).write_text(checked({"format": 1, "plugins": [pin, pin]}))
    (config_dir / LOCK_FILE).chmod(0o600)
    with pytest.raises(IntegrityError):
        read_pins(config_dir)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "builtin.keys"},
        {"name": "no:zed"},
        {"name": "Zed"},
        {"name": ""},
        {"entry_point": "a b"},
        {"entry_point": "a:b [extra]"},
        {"entry_point": "a..b"},
        {"record": "sha256:xyz"},
        {"record": "md5:" + "0" * 32},
        {"path": "relative"},
    ],
)
def test_fields_that_could_mean_something_else(change):
    with pytest.raises(ValueError):
        a_pin(**change)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes")
def test_a_lock_that_others_can_write_is_refused(config_dir):
    """Whoever can edit the lock chooses code that runs as us."""
    with edited_pins(config_dir) as pins:
        pins["zed"] = a_pin()
    lock = config_dir / LOCK_FILE
    assert lock.stat().st_mode & 0o777 == 0o600
    lock.chmod(0o644)
    assert read_pins(config_dir)
    lock.chmod(0o664)
    with pytest.raises(DeniedError):
        read_pins(config_dir)
    lock.chmod(0o600)
    config_dir.chmod(0o770)
    with pytest.raises(DeniedError):
        read_pins(config_dir)


@pytest.mark.skipif(not hasattr(os, "symlink") or sys.platform == "win32", reason="links need a privilege")
def test_a_link_in_the_place_of_the_lock_is_refused(config_dir, tmp_path):
    (tmp_path / "elsewhere").write_text('{"format": 1, "plugins": []}')
    (config_dir / LOCK_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DeniedError):
        read_pins(config_dir)
