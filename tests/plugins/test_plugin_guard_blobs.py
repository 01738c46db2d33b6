"""Blob backends behind the guard: what goes in, what comes out, and what opens."""

from __future__ import annotations

import sys

import pytest

from palyra_kernel.contracts import BlobCapabilities
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins import guarded_backend
from tests.plugins.test_plugin_guard import PLACE, A, soon, untyped

B, C = "b" * 32, "c" * 32


@pytest.fixture
def backend(offer_of, source):
    """A guarded backend and the author's module, whose class a test changes."""
    return guarded_backend(offer_of(source()), PLACE)


@pytest.fixture
def author(backend):
    return sys.modules["acme_zed"].Memory


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
