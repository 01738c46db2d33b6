"""Record stores behind the guard."""

from __future__ import annotations

import sys

import pytest

from palyra_kernel.contracts import StoredRecord
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins import guarded_store
from tests.plugins.test_plugin_guard import PAYLOAD, everything_in, raise_it, soon, untyped

STORE = """
from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.hookspecs import hookimpl

class Store(RecordStore):
    scheme = "dict"
    @classmethod
    def open(cls, url):
        store = cls()
        store.rows = {}
        return store
    def get(self, key):
        return self.rows.get(key)
    def scan(self, prefix, after, limit):
        live = (self.rows[k] for k in sorted(self.rows) if k.startswith(prefix) and k > (after or b""))
        return [row for row in live if row.value is not None][:limit]
    def commit(self, checks, puts, deletes):
        self.rows.update({row.key: row for row in puts})
        for key in deletes:
            self.rows[key] = self.rows[key]._replace(value=None)
    def watch(self, prefix, deadline):
        return False
    def close(self):
        pass

@hookimpl
def palyra_record_stores():
    return [Store]
"""


@pytest.fixture
def store(offer_of):
    return guarded_store(offer_of(STORE, "record_stores"), "dict://x")


@pytest.fixture
def store_author(store):
    return sys.modules["acme_zed"].Store


def test_a_record_store_works(store):
    row = StoredRecord(b"k", 1, b"v")
    store.commit({b"k": 0}, [row], [])
    assert store.get(b"k") == row
    assert store.get(b"other") is None
    assert store.scan(b"", None, 5) == [row]
    store.commit({}, [], [b"k"])
    assert store.get(b"k").value is None
    assert store.scan(b"", None, 5) == []
    assert store.watch(b"", soon()) is False
    assert store.moment() is store.newer(b"", 0) is None
    assert store.check() == []
    assert store.scheme == "dict"
    with store.exclusive(soon()):
        pass
    store.close()
    store.close()
    with pytest.raises(UnavailableError):
        store.get(b"k")


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.get(b""),
        lambda s: s.get("text"),
        lambda s: s.get(b"x" * 129),
        lambda s: s.scan("", None, 1),
        lambda s: s.scan(b"", "x", 1),
        lambda s: s.scan(b"", None, 0),
        lambda s: s.commit({b"k": -1}, [], []),
        lambda s: s.commit({b"k": True}, [], []),
        lambda s: s.commit({}, [StoredRecord(b"k", 0, b"")], []),
        lambda s: s.commit({}, [StoredRecord(b"k", 1, None)], []),
        lambda s: s.commit({}, [StoredRecord(b"k", 1, b"x" * (2**20 + 1))], []),
        lambda s: s.commit({}, [], [""]),
        lambda s: s.watch(7, soon()),
        lambda s: s.newer("k", 0),
    ],
)
def test_what_goes_into_a_record_store_is_checked(store, call):
    with pytest.raises(InvalidInputError):
        call(store)


ROW = StoredRecord(b"k", 1, b"v")


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("get", (b"k", 1, b"v")),
        ("get", ROW._replace(key=b"other")),
        ("get", ROW._replace(version=0)),
        ("get", untyped(ROW)._replace(version="1")),
        ("get", untyped(ROW)._replace(value="text")),
        ("get", untyped(ROW)._replace(value=bytearray(b"x"))),
        ("scan", iter([ROW])),
        ("scan", [ROW, ROW]),
        ("scan", [ROW._replace(value=None)]),
        ("scan", [ROW._replace(key=b"j")]),
        ("scan", [ROW._replace(key=b"k%d" % i) for i in range(4)]),
        ("commit", False),
        ("watch", None),
        ("moment", [1]),
        ("newer", [b"k"]),
        ("newer", {"k": 5}),
        ("newer", {b"k": True}),
        ("newer", {b"k": 4}),
        ("newer", {b"j": 5}),
        ("exclusive", None),
        ("check", None),
    ],
)
def test_what_comes_out_of_a_record_store_is_checked(store, store_author, monkeypatch, method, answer):
    monkeypatch.setattr(store_author, method, lambda *_: answer)
    arguments = {
        "get": (b"k",),
        "scan": (b"k", None, 3),
        "commit": ({}, [], []),
        "watch": (b"", soon()),
        "newer": (b"k", 4),
        "exclusive": (soon(),),
    }
    with pytest.raises(UnavailableError) as caught:
        getattr(store, method)(*arguments.get(method, ()))
    assert caught.value.code == "plugin_failed"


def test_the_url_with_its_password_is_in_no_error(offer_of, monkeypatch):
    offer = offer_of(STORE, "record_stores")
    monkeypatch.setattr(offer.cls, "open", classmethod(lambda cls, url: raise_it(ValueError(url))))
    with pytest.raises(UnavailableError) as caught:
        guarded_store(offer, f"dict://user:{PAYLOAD}@host")
    assert PAYLOAD not in f"{caught.value} {caught.value.__context__}"


class Swallow:
    """A context manager that hides what happened in its block."""

    def __init__(self, at=None):
        self.at = at
        self.saw = []

    def __enter__(self):
        if self.at == "enter":
            raise ValueError(PAYLOAD)

    def __exit__(self, *how):
        self.saw.append(how)
        if self.at == "exit":
            raise ValueError(PAYLOAD)
        return True


def test_exclusive_swallows_nothing_and_is_guarded(store, store_author, monkeypatch):
    """A context manager that returns true from __exit__ turned a failed commit into a success."""
    manager = Swallow()
    monkeypatch.setattr(store_author, "exclusive", lambda *_: manager)
    with pytest.raises(ZeroDivisionError), store.exclusive(soon()):
        raise ZeroDivisionError
    assert manager.saw == [(None, None, None)]
    for at in ("enter", "exit"):
        manager.at = at
        with pytest.raises(UnavailableError) as caught, store.exclusive(soon()):
            pass
        assert PAYLOAD not in everything_in(caught.value)
    with pytest.raises(ZeroDivisionError), store.exclusive(soon()):
        raise ZeroDivisionError
