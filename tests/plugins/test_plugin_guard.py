"""What stands between the kernel and an author: arguments, answers and exceptions are checked, payloads stay out."""

from __future__ import annotations

import gc
import secrets
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from palyra_kernel.contracts import BlobCapabilities, BlobPlace, SlotContext, StoredRecord, Unlock
from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.plugins import guarded_backend, guarded_protector, guarded_store
from palyra_kernel.values import Deadline, SensitiveBytes

PLACE = BlobPlace(folder=Path("/nowhere"), vault_id="v")
PAYLOAD = "hunter2-the-payload"
A, B, C = "a" * 32, "b" * 32, "c" * 32


def untyped(value) -> Any:
    """What a plugin without types may build."""
    return value


def soon():
    return Deadline.after(5)


@pytest.fixture
def backend(offer_of, source):
    """A guarded backend and the author's module, whose class a test changes."""
    return guarded_backend(offer_of(source()), PLACE)


@pytest.fixture
def author(backend):
    return sys.modules["acme_zed"].Memory


def everything_in(error):
    """All text that a traceback with local variables could show, and all that hangs on the exception."""
    error = error.with_traceback(error.__traceback__.tb_next)  # without the frame of the test
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts = ["".join(shown.format()), repr(vars(error)), repr(error.args)]
    seen = [error]
    for each in seen:
        seen += [e for e in (each.__cause__, each.__context__) if e is not None and e not in seen]
    return " ".join(parts + [repr(e) + repr(vars(e)) + repr(getattr(e, "__notes__", "")) for e in seen])


def test_it_works(backend):
    backend.put({A: b"one", B: b"two"}, soon())
    assert backend.get([A, C], soon()) == {A: b"one"}
    assert backend.list(None, 10) == [A, B]
    assert backend.list(A, 10) == [B]
    backend.delete([A, C], soon())
    assert backend.get([A], soon()) == {}
    backend.probe()
    assert backend.check() == []
    assert backend.capabilities() == BlobCapabilities(max_blob_bytes=1000)
    assert (backend.kind, backend.strength) == ("memory", 0)
    backend.close()
    backend.close()
    with pytest.raises(UnavailableError) as caught:
        backend.get([A], soon())
    assert caught.value.code == "closed"


def test_nothing_asked_is_not_asked(backend, author, monkeypatch):
    """An empty list became 'DELETE … WHERE id IN ()', an error, or worse, no condition at all."""
    for method in ("get", "put", "delete"):
        monkeypatch.setattr(author, method, None)
    assert backend.get([], soon()) == {}
    backend.put({}, soon())
    backend.delete([], soon())


@pytest.mark.parametrize(
    "bad", ["", "x" * 32, "A" * 32, "a" * 31, "a" * 32 + "\n", "../../etc/passwd", 7, None]
)
def test_ids_are_checked_before_the_author_sees_them(backend, bad):
    """An id that is a path has written outside of a store's folder."""
    for call in (
        lambda: backend.get([bad], soon()),
        lambda: backend.delete([A, bad], soon()),
        lambda: backend.put({bad: b""}, soon()),
        lambda: backend.list(bad or "", 1),
    ):
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert caught.value.code == "invalid_blob_id"
    with pytest.raises(InvalidInputError):
        backend.get(A, soon())


def test_a_blob_that_would_not_survive_is_refused_before_anything_is_written(backend):
    """A keychain cut what was too long, and said nothing."""
    backend.put({A: b"x" * 1000}, soon())
    with pytest.raises(InvalidInputError) as caught:
        backend.put({B: b"", C: b"x" * 1001}, soon())
    assert caught.value.code == "too_large"
    assert backend.list(None, 9) == [A]
    with pytest.raises(InvalidInputError):
        backend.put({B: bytearray(b"x")}, soon())


@pytest.mark.parametrize("limit", [0, -1, 100_001, True, 1.5, None])
def test_limits(backend, limit):
    with pytest.raises(InvalidInputError) as caught:
        backend.list(None, limit)
    assert caught.value.code == "invalid_limit"


@pytest.mark.parametrize(
    ("method", "answer", "why"),
    [
        ("get", None, "NoneType instead of a mapping"),
        ("get", [(A, b"")], "list instead of a mapping"),
        ("get", {B: b"x"}, "not asked for"),
        ("get", {A: "text"}, "str instead of bytes"),
        ("get", {A: bytearray(b"x")}, "bytearray instead of bytes"),
        ("put", True, "bool instead of None"),
        ("delete", 1, "int instead of None"),
        ("probe", False, "bool instead of None"),
        ("list", iter([A]), "instead of a list"),
        ("list", [A, B, C], "more ids than asked for"),
        ("list", ["../x"], "no blob id"),
        ("list", [B, A], "do not ascend"),
        ("list", [A, A], "do not ascend"),
        ("check", "text", "str instead of a list"),
        ("check", [1], "no text"),
    ],
)
def test_answers_are_checked(backend, author, monkeypatch, method, answer, why):
    """probe() that returned False, and put() that returned a failure, were taken for success."""
    monkeypatch.setattr(author, method, lambda *_: answer)
    arguments = {"get": ([A], soon()), "put": ({A: b""}, soon()), "delete": ([A], soon()), "list": (None, 2)}
    with pytest.raises(UnavailableError, match=why) as caught:
        getattr(backend, method)(*arguments.get(method, ()))
    assert caught.value.code == "plugin_failed"
    assert "acme-zed 1.0" in caught.value.message


def test_text_for_people_is_made_safe(backend, author, monkeypatch):
    monkeypatch.setattr(author, "check", lambda _: ["row \x1b[31m" + "x" * 1000] * 2000)
    answer = backend.check()
    assert len(answer) == 1000
    assert answer[0].startswith("row ?[31mxx")
    assert len(answer[0]) == 500


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"max_blob_bytes": 1},
        BlobCapabilities(max_blob_bytes=0),
        BlobCapabilities(max_blob_bytes=True),
        untyped(BlobCapabilities)(max_blob_bytes="1"),
        untyped(BlobCapabilities)(max_blob_bytes=10, may_block=None),
    ],
)
def test_capabilities_are_sane_or_it_does_not_open(offer_of, source, monkeypatch, answer):
    offer = offer_of(source())
    monkeypatch.setattr(offer.cls, "capabilities", lambda _: answer)
    with pytest.raises(UnavailableError, match="wrong answer to capabilities"):
        guarded_backend(offer, PLACE)


def test_open_returns_a_backend(offer_of, source, monkeypatch):
    offer = offer_of(source())
    monkeypatch.setattr(offer.cls, "open", classmethod(lambda *_: "a store"))
    with pytest.raises(UnavailableError, match="wrong answer to open"):
        guarded_backend(offer, PLACE)


class Panic(BaseException):
    """As extensions in Rust raise it."""


def _raise(error):
    raise error


def _raise_from(error):
    try:
        raise KeyError(PAYLOAD)
    except KeyError as cause:
        error.add_note(PAYLOAD)
        error.payload = PAYLOAD
        raise error from cause


@pytest.mark.parametrize(
    "error", [ValueError(PAYLOAD), Panic(PAYLOAD), OSError(5, PAYLOAD), MemoryError(PAYLOAD)]
)
@pytest.mark.parametrize("how", [_raise, _raise_from])
def test_a_foreign_exception_leaves_its_type_and_nothing_else(backend, author, monkeypatch, error, how):
    """SDKs quote the request, with the secret in it, in the text of their exceptions; `from None` only hides it."""

    def get(self, ids, deadline):
        blob = PAYLOAD  # noqa: F841  # in the locals of the traceback
        how(error)

    monkeypatch.setattr(author, "get", get)
    with pytest.raises(UnavailableError) as caught:
        backend.get([A], soon())
    found = caught.value
    assert found.code == "plugin_failed"
    assert found.message == (
        f"the blob backend 'memory' of plugin 'zed' (acme-zed 1.0) failed in get: {type(error).__name__}"
    )
    assert (found.__cause__, found.__context__) == (None, None)
    assert PAYLOAD not in everything_in(found)


def test_our_errors_pass_without_what_hangs_on_them(backend, author, monkeypatch):
    def put(self, blobs, deadline):
        _raise_from(ConflictError("exists", "an id exists", hint="use another"))

    monkeypatch.setattr(author, "put", put)
    with pytest.raises(ConflictError) as caught:
        backend.put({A: b""}, soon())
    found = caught.value
    assert (found.code, found.message, found.hint) == ("exists", "an id exists", "use another")
    assert PAYLOAD not in everything_in(found)


def test_a_class_of_the_authors_own_becomes_the_published_one(backend, author, monkeypatch):
    """A subclass could bring another exit code: 0, for example."""

    class MineError(NotFoundError):
        exit_code = 0

    monkeypatch.setattr(author, "get", lambda *_: _raise(MineError("gone", "it is\x1b[2J gone")))
    with pytest.raises(NotFoundError) as caught:
        backend.get([A], soon())
    assert (type(caught.value), caught.value.exit_code) == (NotFoundError, 3)
    assert caught.value.message == "it is?[2J gone"


@pytest.mark.parametrize("broken", [{"code": 7}, {"message": None}, {"hint": b""}])
def test_an_error_of_ours_that_is_not_whole(backend, author, monkeypatch, broken):
    error = IntegrityError("x", "y")
    vars(error).update(broken)
    monkeypatch.setattr(author, "get", lambda *_: _raise(error))
    with pytest.raises(UnavailableError) as caught:
        backend.get([A], soon())
    assert caught.value.code == "plugin_failed"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_and_exit_pass(backend, author, monkeypatch, kind):
    monkeypatch.setattr(author, "get", lambda *_: _raise(kind()))
    with pytest.raises(kind):
        backend.get([A], soon())


def test_a_lazy_mapping_is_read_behind_the_guard(backend, author, monkeypatch):
    """A mapping may run code when it is read; then the exception came from nowhere."""
    import collections

    class Lazy(collections.UserDict[str, bytes]):
        def __getitem__(self, key):
            raise ValueError(PAYLOAD)

    monkeypatch.setattr(author, "get", lambda *_: Lazy({A: b""}))
    with pytest.raises(UnavailableError, match="ValueError"):
        backend.get([A], soon())


def test_a_builtin_passes_bare(source):
    import types

    from palyra_kernel.plugins import PluginHost

    module = types.ModuleType("palyra_kernel.rooms.builtin")
    exec(source("bare"), module.__dict__)
    offer = PluginHost([], [module]).registry.blob_backends["bare"]
    assert type(guarded_backend(offer, PLACE)) is offer.cls


# may_block


@pytest.fixture
def blocking(offer_of, source):
    return guarded_backend(
        offer_of(source().replace("max_blob_bytes=1000", "max_blob_bytes=9, may_block=True")), PLACE
    )


def test_only_what_may_block_gets_a_thread(backend, author, monkeypatch):
    monkeypatch.setattr(
        author, "probe", lambda _: _raise(ValueError) if threading.current_thread().daemon else None
    )
    backend.probe()


def test_a_backend_that_hangs_is_abandoned_at_the_deadline(blocking, monkeypatch):
    """A keychain that waits for somebody to unlock it held every reader, for ever."""
    release = threading.Event()
    author = sys.modules["acme_zed"].Memory
    monkeypatch.setattr(author, "get", lambda *_: release.wait() and {})
    started = time.monotonic()
    for _ in range(4):
        with pytest.raises(UnavailableError) as caught:
            blocking.get([A], Deadline.after(0.02))
        assert caught.value.code == "deadline"
    with pytest.raises(UnavailableError) as caught:
        blocking.put({A: b""}, soon())
    assert caught.value.code == "circuit_open"
    assert time.monotonic() - started < 2
    release.set()
    until = time.monotonic() + 5
    while blocking._origin.threads.stuck:
        assert time.monotonic() < until
        time.sleep(0.002)
    blocking.put({A: b"x"}, soon())


def test_errors_in_threads_are_as_clean(blocking, monkeypatch):
    author = sys.modules["acme_zed"].Memory
    monkeypatch.setattr(author, "put", lambda *_: _raise_from(ValueError(PAYLOAD)))
    with pytest.raises(UnavailableError) as caught:
        blocking.put({A: b"x"}, soon())
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)
    blocking.put({}, soon())
    blocking.close()


def test_close_is_called_once_even_when_it_fails(backend, author, monkeypatch):
    calls = []

    def close(self):
        calls.append(1)
        raise ValueError

    monkeypatch.setattr(author, "close", close)
    with pytest.raises(UnavailableError):
        backend.close()
    backend.close()
    assert calls == [1]


# record stores

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
        "exclusive": (soon(),),
    }
    with pytest.raises(UnavailableError) as caught:
        getattr(store, method)(*arguments.get(method, ()))
    assert caught.value.code == "plugin_failed"


def test_the_url_with_its_password_is_in_no_error(offer_of, monkeypatch):
    offer = offer_of(STORE, "record_stores")
    monkeypatch.setattr(offer.cls, "open", classmethod(lambda cls, url: _raise(ValueError(url))))
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


# key protectors

PROTECTOR = """
from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.values.sensitive import SensitiveBytes

class Protector(KeyProtector):
    kind = "plain"
    weak = "it is a test"
    def available(self):
        return None
    def wrap(self, key, context, unlock):
        return {"key": key.reveal().hex(), "n": 1}
    def unwrap(self, slot, context, unlock):
        return SensitiveBytes(bytes.fromhex(slot["key"]))
    def forget(self, slot, context, unlock):
        pass

@hookimpl
def palyra_key_protectors():
    return [Protector]
"""
CONTEXT = SlotContext(vault_id="v", slot_id="s", kind="plain", params={})


@pytest.fixture
def protector(offer_of):
    return guarded_protector(offer_of(PROTECTOR, "key_protectors"))


@pytest.fixture
def protector_author(protector):
    return sys.modules["acme_zed"].Protector


def test_a_protector_works(protector):
    key = SensitiveBytes(secrets.token_bytes(32))
    slot = protector.wrap(key, CONTEXT, Unlock())
    assert protector.unwrap(slot, CONTEXT, Unlock()) == key
    protector.forget(slot, CONTEXT, Unlock())
    assert protector.available() is None
    assert (protector.kind, protector.device_bound, protector.weak) == ("plain", False, "it is a test")


@pytest.mark.parametrize("wrong", ["weak = ''", "weak = True", "device_bound = 1"])
def test_attributes_of_a_protector_are_checked_at_load(offer_of, wrong):
    with pytest.raises(UnavailableError, match="not what its contract allows"):
        offer_of(PROTECTOR.replace('weak = "it is a test"', wrong), "key_protectors")


def test_an_attribute_that_is_no_part_of_the_contract_is_the_authors_own(offer_of, source):
    assert offer_of(source().replace('kind = "memory"', 'kind = "memory"; weak = 7')).key == "memory"


def test_what_goes_into_a_protector_is_checked(protector):
    for key in (b"x" * 32, SensitiveBytes(b"short")):
        with pytest.raises(InvalidInputError):
            protector.wrap(key, CONTEXT, Unlock())
    for slot in (None, {"a": None}, {1: "a"}, {"a": 2**64}, {"a": "x" * 70_000}):
        with pytest.raises(InvalidInputError) as caught:
            protector.unwrap(slot, CONTEXT, Unlock())
        assert caught.value.code == "invalid_slot"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("wrap", None),
        ("wrap", {"key": b"bytes"}),
        ("wrap", {"key": True}),
        ("wrap", {"key": 1.5}),
        ("wrap", {"key": 2**53 + 1}),
        ("wrap", {"key": {}}),
        ("wrap", {1: "x"}),
        ("wrap", {"key": "x" * 65_536}),
        ("wrap", {"key": "\ud800"}),
        ("unwrap", b"x" * 32),
        ("unwrap", None),
        ("unwrap", SensitiveBytes(b"x" * 31)),
        ("unwrap", SensitiveBytes(b"")),
        ("forget", True),
        ("available", True),
    ],
)
def test_what_comes_out_of_a_protector_is_checked(protector, protector_author, monkeypatch, method, answer):
    """A key of another length, or a bool in slot data, showed up only when somebody needed the vault back."""
    monkeypatch.setattr(protector_author, method, lambda *_: answer)
    arguments = {
        "wrap": (SensitiveBytes(bytes(32)), CONTEXT, Unlock()),
        "unwrap": ({}, CONTEXT, Unlock()),
        "forget": ({}, CONTEXT, Unlock()),
    }
    with pytest.raises(UnavailableError) as caught:
        getattr(protector, method)(*arguments.get(method, ()))
    assert caught.value.code == "plugin_failed"


def test_a_key_of_the_wrong_length_is_wiped(protector, protector_author, monkeypatch):
    key = SensitiveBytes(b"x" * 31)
    monkeypatch.setattr(protector_author, "unwrap", lambda *_: key)
    with pytest.raises(UnavailableError):
        protector.unwrap({}, CONTEXT, Unlock())
    with pytest.raises(InvalidInputError, match="wiped"):
        key.reveal()


def test_a_protector_that_cannot_be_built(offer_of, monkeypatch):
    offer = offer_of(PROTECTOR, "key_protectors")
    monkeypatch.setattr(offer.cls, "__init__", lambda _: _raise(ValueError(PAYLOAD)))
    with pytest.raises(UnavailableError, match="failed in __init__: ValueError"):
        guarded_protector(offer)


def test_an_unavailable_protector_says_why(protector, protector_author, monkeypatch):
    monkeypatch.setattr(protector_author, "available", lambda _: "no chip\x07")
    assert protector.available() == "no chip?"
    monkeypatch.setattr(protector_author, "available", lambda _: "")
    assert protector.available() == "no reason given"


def test_a_dropped_exception_is_freed_at_once(backend, author, monkeypatch):
    """An exception kept alive by a cycle keeps its payload in memory until the collector comes."""
    import weakref

    class Held(Exception):  # noqa: N818
        pass

    kept = []

    def get(self, ids, deadline):
        error = Held(PAYLOAD)
        kept.append(weakref.ref(error))
        raise error

    monkeypatch.setattr(author, "get", get)
    gc.disable()
    try:
        with pytest.raises(PalyraError):
            backend.get([A], soon())
        # The author's own frame refers to the exception and back: a cycle that only the collector breaks.
        gc.collect()
    finally:
        gc.enable()
    assert kept[0]() is None
