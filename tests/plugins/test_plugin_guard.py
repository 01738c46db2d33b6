"""What every guard does with a failure: the exception loses all it carries, and a call that hangs is abandoned."""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from palyra_kernel.contracts import BlobPlace
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.plugins import guarded_backend
from palyra_kernel.plugins.threads import STUCK_LIMIT
from palyra_kernel.values import Deadline

PLACE = BlobPlace(folder=Path("/nowhere"), vault_id="v")
PAYLOAD = "hunter2-the-payload"
A = "a" * 32


def untyped(value) -> Any:
    """What a plugin without types may build."""
    return value


def soon():
    return Deadline.after(30)


def everything_in(error):
    """All text that a traceback with local variables could show, and all that hangs on the exception."""
    error = error.with_traceback(error.__traceback__.tb_next)  # without the frame of the test
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts = ["".join(shown.format()), repr(vars(error)), repr(error.args)]
    seen = [error]
    for each in seen:
        seen += [e for e in (each.__cause__, each.__context__) if e is not None and e not in seen]
    return " ".join(parts + [repr(e) + repr(vars(e)) + repr(getattr(e, "__notes__", "")) for e in seen])


def raise_it(error):
    raise error


def raise_with_payload(error):
    try:
        raise KeyError(PAYLOAD)
    except KeyError as cause:
        error.add_note(PAYLOAD)
        error.payload = PAYLOAD
        raise error from cause


@pytest.fixture
def backend(offer_of, source):
    """A guarded backend and the author's module, whose class a test changes."""
    return guarded_backend(offer_of(source()), PLACE)


@pytest.fixture
def author(backend):
    return sys.modules["acme_zed"].Memory


class Panic(BaseException):
    """As extensions in Rust raise it."""


@pytest.mark.parametrize(
    "error", [ValueError(PAYLOAD), Panic(PAYLOAD), OSError(5, PAYLOAD), MemoryError(PAYLOAD)]
)
@pytest.mark.parametrize("how", [raise_it, raise_with_payload])
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
        raise_with_payload(ConflictError("exists", "an id exists", hint="use another"))

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

    monkeypatch.setattr(author, "get", lambda *_: raise_it(MineError("gone", "it is\x1b[2J gone")))
    with pytest.raises(NotFoundError) as caught:
        backend.get([A], soon())
    assert (type(caught.value), caught.value.exit_code) == (NotFoundError, 3)
    assert caught.value.message == "it is?[2J gone"


@pytest.mark.parametrize("broken", [{"code": 7}, {"message": None}, {"hint": b""}])
def test_an_error_of_ours_that_is_not_whole(backend, author, monkeypatch, broken):
    error = IntegrityError("x", "y")
    vars(error).update(broken)
    monkeypatch.setattr(author, "get", lambda *_: raise_it(error))
    with pytest.raises(UnavailableError) as caught:
        backend.get([A], soon())
    assert caught.value.code == "plugin_failed"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_and_exit_pass(backend, author, monkeypatch, kind):
    monkeypatch.setattr(author, "get", lambda *_: raise_it(kind()))
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


# may_block


@pytest.fixture
def blocking(offer_of, source):
    return guarded_backend(
        offer_of(source().replace("max_blob_bytes=1000", "max_blob_bytes=9, may_block=True")), PLACE
    )


def test_only_what_may_block_gets_a_thread(backend, author, monkeypatch):
    monkeypatch.setattr(
        author, "probe", lambda _: raise_it(ValueError) if threading.current_thread().daemon else None
    )
    backend.probe()


def test_a_backend_that_hangs_is_abandoned_at_the_deadline(blocking, monkeypatch):
    """Hazard K7: a keychain that waits for somebody to unlock it held every reader, for ever."""
    release = threading.Event()
    author = sys.modules["acme_zed"].Memory
    monkeypatch.setattr(author, "get", lambda *_: release.wait() and {})
    while blocking._origin.threads.stuck < STUCK_LIMIT:
        with pytest.raises(UnavailableError) as caught:
            blocking.get([A], Deadline.after(0.02))
        assert caught.value.code == "deadline"
    with pytest.raises(UnavailableError) as caught:
        blocking.put({A: b""}, soon())
    assert caught.value.code == "circuit_open"
    release.set()
    until = time.monotonic() + 30
    while blocking._origin.threads.stuck:
        assert time.monotonic() < until
        time.sleep(0.002)
    blocking.put({A: b"x"}, soon())


def test_errors_in_threads_are_as_clean(blocking, monkeypatch):
    author = sys.modules["acme_zed"].Memory
    monkeypatch.setattr(author, "put", lambda *_: raise_with_payload(ValueError(PAYLOAD)))
    with pytest.raises(UnavailableError) as caught:
        blocking.put({A: b"x"}, soon())
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)
    blocking.put({}, soon())
    blocking.close()
