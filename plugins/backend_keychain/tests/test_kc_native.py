"""The calls themselves, over frameworks that count: what is asked, what comes back, and that nothing is left behind."""

import sys

import pytest

from palyra_backend_keychain import _native

SERVICE = "palyra.blob.test"


@pytest.fixture
def macos(frameworks):
    """The keychain behind the frameworks."""
    return frameworks._keychain


def test_importing_touches_nothing():
    """A plugin is imported at every start, on every system: the frameworks wait until they are needed."""
    _native._api.cache_clear()
    if sys.platform == "darwin":
        assert _native.load() is None  # type: ignore[func-returns-value]  # no error is the answer
    else:
        with pytest.raises((ImportError, AttributeError, OSError)):
            _native.load()


@pytest.mark.parametrize("size", [1, 451, 566, 116_984, 2 * 1024 * 1024])
def test_bytes_go_through_as_they_are(macos, size):
    """Hazard U16: a program that reads values from a prompt cuts them at 128 characters, and keyring's bindings know
    text only. A value is handed over with its length, NUL and all."""
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    assert _native.add(SERVICE, "a", "label", data) == 0
    assert macos.kept[SERVICE, "a"].data == data
    assert _native.copy(SERVICE, "a", False) == (0, data)
    assert _native.update(SERVICE, "a", data[::-1]) == 0
    assert _native.copy(SERVICE, "a", True) == (0, data[::-1])


def test_no_bytes_are_no_item(macos):
    """An item without data is made and then not there, though it is in the way: why nothing of ours is ever empty."""
    assert _native.add(SERVICE, "a", "label", b"") == 0
    assert _native.copy(SERVICE, "a", False) == (-25300, b"")
    assert _native.add(SERVICE, "a", "label", b"data") == -25299
    assert _native.delete(SERVICE, "a") == -25300


def test_items_are_named(macos):
    """A service lists its own; none lists all. Items of others may have no account at all."""
    for service, account in (("one", "a"), ("one", "b"), ("two", "ä€😀"), ("two", "")):
        assert _native.add(service, account, "label", b"data") == 0
    assert _native.items("one") == (0, [("one", "a"), ("one", "b")])
    assert _native.items("two") == (0, [("two", "ä€😀"), ("two", "")])
    assert len(_native.items(None)[1]) == 4
    assert _native.items("three") == (-25300, [])
    assert _native.delete("one", "a") == 0
    assert _native.delete("one", "a") == -25300
    assert _native.items("one") == (0, [("one", "b")])


def test_an_attribute_that_is_no_text_is_no_name(macos, frameworks, monkeypatch):
    """A stranger may store bytes there: reading them as text would end the process."""
    assert _native.add(SERVICE, "a", "label", b"data") == 0
    monkeypatch.setattr(frameworks, "_attributes", lambda *_: frameworks._made(
        {frameworks._constants["kSecAttrAccount"]: frameworks.CFDataCreate(None, b"\xff", 1)}))  # fmt: skip
    assert _native.items(SERVICE) == (0, [("", "")])


def test_the_label_is_what_people_see(macos):
    assert _native.add(SERVICE, "a", "Palyra: a sealed value", b"data") == 0
    assert macos.kept[SERVICE, "a"].label == "Palyra: a sealed value"


def test_statuses_come_back_as_they_are(macos):
    """Locked, not allowed, cancelled, no keychain: what to make of them is decided elsewhere."""
    assert _native.add(SERVICE, "a", "label", b"data") == 0
    assert _native.add(SERVICE, "a", "label", b"other") == -25299
    assert _native.state() == (0, 7)
    assert _native.interaction() == (0, True)
    assert _native.allow_interaction(False) == 0
    assert _native.interaction() == (0, False)
    macos.locked = True
    assert _native.state() == (0, 6)
    assert _native.copy(SERVICE, "a", True) == (-25308, b"")
    assert _native.unlock() == -25308
    assert _native.allow_interaction(True) == 0
    macos.answer = "no"
    assert (_native.unlock(), _native.update(SERVICE, "a", b"new")) == (-128, -128)
    macos.answer = "yes"
    assert (_native.unlock(), _native.state()) == (0, (0, 7))
    macos.there = False
    assert _native.state() == (-25307, 0)
    assert _native.add(SERVICE, "b", "label", b"data") == -25307


def test_what_cannot_be_made_is_an_error(frameworks, monkeypatch):
    """CoreFoundation answers NULL when there is no memory; passing that on would store nothing, or everything."""
    monkeypatch.setattr(frameworks._found.CFDataCreate, "_call", lambda *_: None)
    with pytest.raises(MemoryError):
        _native.add(SERVICE, "a", "label", b"data")
