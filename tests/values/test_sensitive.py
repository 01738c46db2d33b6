"""A secret in memory: nothing prints, stores or copies it by accident, and wiping leaves zeros."""

import base64
import copy
import gc
import hmac
import json
import logging
import pickle
import traceback
import weakref

import msgspec
import pytest

from palyra_kernel.contracts import Unlock
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.sensitive import SensitiveBytes

CANARY = b"sk-canary-7c21d0"


def forms(secret: bytes) -> list[str]:
    """The ways in which a value slips into text."""
    return [
        secret.decode(),
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("=")[:-1],
        ", ".join(map(str, secret)),
    ]


def hidden(text: str) -> bool:
    return not any(form in text for form in forms(CANARY))


@pytest.mark.parametrize(
    "show",
    [
        str,
        format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret:>40}",
        lambda secret: "%s" % secret,  # noqa: UP031
        "{}".format,
        "{:x}".format,
        lambda secret: b"%b" % secret,
        bytes,
        bytearray,
        list,
        hash,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        copy.copy,
        copy.deepcopy,
        lambda secret: secret[0],
        lambda secret: secret + b"",
        lambda secret: secret < secret,
        base64.b64encode,
        lambda secret: secret.__reduce__(),
    ],
)
def test_what_would_show_or_copy_it_is_refused(show):
    """A live value in a log or a traceback was the leak elsewhere: redaction knew the names of variables only."""
    secret = SensitiveBytes(CANARY)
    with pytest.raises((TypeError, NotImplementedError)) as caught:
        show(secret)
    assert hidden("".join(traceback.format_exception(caught.value)))
    assert secret == CANARY


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled_at_any_protocol_and_not_inside_anything(protocol):
    secret = SensitiveBytes(CANARY)
    for holder in (secret, [secret], {"a": secret}, Unlock(passphrase=secret)):
        with pytest.raises(TypeError):
            pickle.dumps(holder, protocol)


def test_containers_are_not_copied_deeply():
    with pytest.raises(TypeError):
        copy.deepcopy({"key": [SensitiveBytes(CANARY)]})


def test_every_repr_is_redacted():
    secret = SensitiveBytes(CANARY)
    shown = [repr(secret), ascii(secret), f"{secret!r}", "%r" % secret, repr([secret]), repr({"k": secret})]  # noqa: UP031
    shown += [repr(Unlock(passphrase=secret, recovery_key=secret)), str(SensitiveBytes), repr(secret.view())]
    for text in shown:
        assert hidden(text)
    assert repr(secret) == repr(SensitiveBytes(b"")) == "<SensitiveBytes: redacted>"


def test_a_traceback_with_local_variables_is_redacted():
    """Error reporters send the local variables of every frame."""
    secret = SensitiveBytes(CANARY)
    try:
        raise ValueError(len(secret))
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(report.format())
    assert "secret = <SensitiveBytes: redacted>" in text
    assert hidden(text)


def test_logging_it_shows_nothing(caplog, monkeypatch):
    """Hazard S21: redaction knew the names of fields, not the values."""
    monkeypatch.setattr(logging, "raiseExceptions", False)  # else the handler prints what %s raised
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("palyra.test").warning("value %r", SensitiveBytes(CANARY))
    assert "redacted" in caplog.text
    assert hidden(caplog.text)


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], SensitiveBytes(b"x"), ("a",)])
def test_only_bytes_are_taken(data):
    """``bytes(5)`` is five zeros: a constructor that forwards anything stores those as the secret."""
    with pytest.raises(InvalidInputError) as caught:
        SensitiveBytes(data)
    assert caught.value.code == "not_bytes"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_it_compares_with_all_bytes(kind):
    secret = SensitiveBytes(CANARY)
    assert secret == kind(CANARY)
    assert secret != kind(CANARY + b"x")
    assert secret != kind(b"")
    assert secret == SensitiveBytes(CANARY)
    assert secret != SensitiveBytes(CANARY[:-1])
    assert secret != CANARY.decode()
    assert secret != 5


def test_comparing_takes_constant_time(monkeypatch):
    """``==`` on bytes stops at the first difference, and its duration says where that is."""
    compared = []
    digest = hmac.compare_digest

    def spy(a, b):
        compared.append((bytes(a), bytes(b)))
        return digest(a, b)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    secret = SensitiveBytes(b"right")
    assert secret != b"wrong"
    assert secret != SensitiveBytes(b"w")
    assert compared == [(b"right", b"wrong"), (b"right", b"w")]


def test_it_is_not_hashable():
    """A dictionary key would outlive the secret, and its hash tells of the value."""
    with pytest.raises(TypeError):
        {SensitiveBytes(CANARY): 1}


def test_the_constructor_copies_and_adopt_does_not():
    source = bytearray(CANARY)
    SensitiveBytes(source).wipe()
    assert source == CANARY
    adopted = SensitiveBytes.adopt(source)
    adopted.wipe()
    assert source == bytes(len(CANARY))


def test_wiping_shows_in_every_view():
    secret = SensitiveBytes(CANARY)
    view = secret.view()
    secret.wipe()
    secret.wipe()
    assert bytes(view) == bytes(len(CANARY))


def test_use_after_wiping_raises():
    """A wiped buffer that still answers answers zeros: they were used as a password elsewhere."""
    secret = SensitiveBytes(CANARY)
    secret.wipe()
    for use in (
        secret.reveal,
        secret.view,
        lambda: secret == CANARY,
        lambda: secret != CANARY,
        lambda: SensitiveBytes(b"x") == secret,
    ):
        with pytest.raises(InvalidInputError) as caught:
            use()
        assert caught.value.code == "wiped"
    assert repr(secret) == "<SensitiveBytes: redacted>"


def test_the_block_wipes_also_when_it_raises():
    """Elsewhere the plaintext survived on every path that ended in an error."""
    buffer = bytearray(CANARY)
    with pytest.raises(RuntimeError, match="inside"), SensitiveBytes.adopt(buffer):
        raise RuntimeError("inside")
    assert buffer == bytes(len(CANARY))


def test_garbage_collection_wipes():
    buffer = bytearray(CANARY)
    secret = SensitiveBytes.adopt(buffer)
    gone = weakref.ref(secret)
    del secret
    gc.collect()
    assert gone() is None
    assert buffer == bytes(len(CANARY))


def test_garbage_collection_of_a_cycle_wipes():
    buffer = bytearray(CANARY)
    ring: list[object] = [SensitiveBytes.adopt(buffer)]
    ring.append(ring)
    del ring
    gc.collect()
    assert buffer == bytes(len(CANARY))


def test_a_failed_construction_is_collected_in_silence():
    with pytest.raises(InvalidInputError):
        SensitiveBytes("text")  # type: ignore[arg-type]
    gc.collect()  # an error in __del__ would fail the test: warnings are errors


def test_an_empty_secret_is_true():
    """``if secret:`` took an empty value for a missing one, and the two sources disagreed on it."""
    empty = SensitiveBytes(b"")
    assert empty
    assert len(empty) == 0
    assert empty.reveal() == b""
    assert empty == b""


@pytest.mark.parametrize(
    "view",
    [memoryview(b"aXbXcX")[::2], memoryview(bytearray(b"\1\0\0\0")).cast("i")],
    ids=["strided", "integers"],
)
def test_any_memoryview_is_taken_as_its_bytes(view):
    assert SensitiveBytes(view).reveal() == view.tobytes()


def test_any_memoryview_is_compared_by_its_bytes():
    assert SensitiveBytes(b"abc") == memoryview(b"aXbXcX")[::2]
