"""Secret sources behind the guard: what they return leaves the kernel as a secret, under the name that was asked for.

Each rule has a mutant of a working plugin.
"""

from __future__ import annotations

import sys
import threading

import pytest

from palyra_kernel.contracts.sources import SecretError, SourceCapabilities, SourcePlace
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.plugins.guard import guarded_source
from palyra_kernel.plugins.host import PluginHost
from palyra_kernel.plugins.threads import STUCK_LIMIT
from palyra_kernel.resolve import builtin
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.plugins.test_plugin_guard import PAYLOAD, everything_in, raise_it, raise_with_payload, untyped
from tests.resolve.scripted import over, value

SOURCE = """
from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.values.sensitive import SensitiveBytes

class Source(SecretSource):
    scheme = "acme"
    def capabilities(self):
        return SourceCapabilities(may_block=False, batch=True, cache="local")
    def resolve(self, refs, deadline):
        return {ref: SensitiveBytes(ref.target.encode()) for ref in refs}

@hookimpl
def palyra_secret_sources():
    return [Source]
"""
PLACE = SourcePlace(settings={})
A, B, C = (SecretRef.parse(f"acme://{name}") for name in "abc")


@pytest.fixture
def offer(offer_of):
    return offer_of(SOURCE, "secret_sources")


@pytest.fixture
def author(offer):
    return sys.modules["acme_zed"].Source


@pytest.fixture
def made(author, offer):
    """Open the source with some methods replaced."""

    def make(**methods):
        for name, method in methods.items():
            setattr(author, name, method)
        return guarded_source(offer, PLACE)

    return make


def soon():
    return Deadline.after(20)


def answered(source, answers):
    """What the guard makes of *answers*, for each reference the value or kind and code."""
    source._inner.resolve = lambda refs, deadline: answers
    found = source.resolve([A, B], soon())
    return {
        ref: got.reveal() if isinstance(got, SensitiveBytes) else (got.kind, got.code)
        for ref, got in found.items()
    }


WRONG = ("io", "plugin_failed")


def test_a_source_works(made):
    source = made()
    found = source.resolve([A, B], soon())
    assert {ref: got.reveal() for ref, got in found.items()} == {A: b"a", B: b"b"}
    assert source.resolve([], soon()) == {}
    assert (source.scheme, source.batch_key(A), source.refuses(A)) == ("acme", "", None)
    assert source.capabilities() == SourceCapabilities(may_block=False, batch=True, cache="local")
    source.close()
    source.close()
    with pytest.raises(UnavailableError) as caught:
        source.resolve([A], soon())
    assert caught.value.code == "closed"


@pytest.mark.parametrize(
    "wrong",
    [
        "scheme = 'Acme'",
        "scheme = ''",
        "scheme = b'acme'",
        "scheme = 'acme-x'",
        "default_transforms = ['hex']",
        "default_transforms = 'hex'",
        "default_transforms = (1,)",
        "default_transforms = ('rot13',)",
        "default_transforms = ('json:a',)",
        "fragment_is_id = 1",
        "async def resolve(self, refs, deadline): return {}",
        "def resolve(self, refs, deadline): yield",
        "resolve = None",
    ],
)
def test_a_class_is_judged_at_load(offer_of, wrong):
    """A transform that does not exist came up when the first value was read, as a KeyError."""
    source = SOURCE.replace("\n@hookimpl", f"    {wrong}\n\n@hookimpl")
    if wrong == "resolve = None":
        source = SOURCE.replace("def resolve", "def solve")
    with pytest.raises(UnavailableError) as caught:
        offer_of(source, "secret_sources")
    assert caught.value.code == "plugin_refused"


@pytest.mark.parametrize("transforms", ["()", "('strip_newline', 'base64', 'json:/a')"])
def test_transforms_that_exist_are_taken(offer_of, transforms):
    source = SOURCE.replace('scheme = "acme"', f'scheme = "acme"; default_transforms = {transforms}')
    assert offer_of(source, "secret_sources").key == "acme"


def hosted(site, *plugins, builtins=()):
    from palyra_kernel.plugins.discovery import discover
    from palyra_kernel.plugins.pinning import pin_of, the_only

    for name, source in plugins:
        site.add(f"acme-{name}", {name: f"acme_{name}"}, {f"acme_{name}.py": source})
    return PluginHost([pin_of(the_only(discover(), name)) for name, _ in plugins], builtins)


def test_two_plugins_with_one_scheme(site):
    with pytest.raises(ConflictError) as caught:
        _ = hosted(site, ("one", SOURCE), ("two", SOURCE)).registry.secret_sources
    assert caught.value.code == "plugin_duplicate"
    assert "acme-one" in caught.value.message
    assert "acme-two" in caught.value.message


@pytest.mark.parametrize("scheme", [source.scheme for source in builtin.palyra_secret_sources()])
def test_a_scheme_of_the_kernel_cannot_be_taken(site, scheme):
    """Whoever is asked for vault:// gets to know every name in it, and chooses the values. It is refused at load, not
    when somebody first asks."""
    with pytest.raises(ConflictError) as caught:
        _ = hosted(site, ("evil", SOURCE.replace('"acme"', f'"{scheme}"')), builtins=(builtin,)).registry
    assert "cannot be replaced" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "wrong",
    [
        "nothing",
        None,
        SourceCapabilities(may_block=untyped(1)),
        SourceCapabilities(batch=untyped("yes")),
        SourceCapabilities(cache=untyped("never")),
        SourceCapabilities(cache=untyped([])),
    ],
)
def test_capabilities_are_checked_when_it_opens(made, wrong):
    with pytest.raises(UnavailableError) as caught:
        made(capabilities=lambda self: wrong)
    assert caught.value.code == "plugin_failed"


def test_it_opens_to_a_source(made):
    with pytest.raises(UnavailableError):
        made(open=classmethod(lambda cls, place: "a source"))


def test_settings_that_are_not_known_are_refused(offer):
    with pytest.raises(InvalidInputError) as caught:
        guarded_source(offer, SourcePlace(settings={"x": 1}))
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize(
    "answer", [None, [], "a", 5, {C: SensitiveBytes(b"c")}, {"acme://a": SensitiveBytes(b"a")}]
)
def test_an_answer_of_the_wrong_form_fails_the_call(made, answer):
    """A value for what nobody asked is another reference's value under the wrong name."""
    with pytest.raises(UnavailableError) as caught:
        answered(made(), answer)
    assert caught.value.code == "plugin_failed"


class Subclass(SensitiveBytes):
    def view(self):
        return memoryview(b"something else")


def told(**fields):
    return SecretError(**untyped({"kind": "io", "code": "down", "message": "m", **fields}))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (SensitiveBytes(b"x" * 65_537), ("too_large", "too_large")),
        (None, WRONG),
        (b"bytes", WRONG),
        (bytearray(b"bytes"), WRONG),
        ("text", WRONG),
        (Subclass(b"x"), WRONG),
        (KeyError(PAYLOAD), WRONG),
        (told(), ("io", "down")),
        (told(kind="quota"), WRONG),
        (told(kind=[]), WRONG),
        (told(kind=None), WRONG),
        (told(code=None), WRONG),
        (told(code=b"x"), WRONG),
        (told(message={}), WRONG),
        (told(hint=5), WRONG),
        (told(group={}), WRONG),
        (told(hint=0), WRONG),
        (told(group="other"), ("io", "down")),
        (told(group=5), WRONG),
        (told(retry_after_seconds=10**400), ("io", "down")),
        (told(retry_after_seconds=float("nan")), ("io", "down")),
        (told(retry_after_seconds="soon"), ("io", "down")),
        (told(retry_after_seconds=-1), ("io", "down")),
    ],
)
def test_one_bad_answer_is_its_own_failure(made, answer, kind):
    """A kind that cannot be hashed, or a wait with four hundred digits, failed all references of the batch."""
    assert answered(made(), {A: answer, B: SensitiveBytes(b"good")}) == {A: kind, B: b"good"}


def test_what_is_left_out_is_its_own_failure(made):
    assert answered(made(), {B: SensitiveBytes(b"good")}) == {A: WRONG, B: b"good"}


def test_a_value_that_was_wiped_before_is_a_wrong_answer(made):
    """A source kept the buffer that it had handed out, and handed it out again: all zeros, or an exception of ours in
    the middle of everybody's resolution."""
    wiped = SensitiveBytes(b"x")
    wiped.wipe()
    assert answered(made(), {A: wiped, B: SensitiveBytes(b"good")}) == {A: WRONG, B: b"good"}


def test_one_buffer_for_two_references(made):
    """Wiping the one wiped the other: its value was zeros."""
    same = SensitiveBytes(b"same")
    source = made()
    source._inner.resolve = lambda refs, deadline: {A: same, B: same}
    found = source.resolve([A, B], soon())
    found[A].wipe()
    assert found[B].reveal() == b"same"
    small = SecretRef.parse({"ref": "acme://a", "max_bytes": 2})
    same = SensitiveBytes(b"same")
    source._inner.resolve = lambda refs, deadline: {small: same, B: same}
    found = source.resolve([small, B], soon())
    assert (found[small].kind, found[B].reveal()) == ("too_large", b"same")


def test_what_the_source_still_holds_is_wiped(made):
    kept = [SensitiveBytes(b"one"), SensitiveBytes(b"x" * 70_000)]
    assert answered(made(), {A: kept[0], B: kept[1]}) == {A: b"one", B: ("too_large", "too_large")}
    assert not any(any(each._buffer) for each in kept)


def test_texts_of_an_error_are_made_safe(made):
    source = made()
    bad = SecretError(kind="io", code="x" * 100, message="a\x1b[31m\n" + "b" * 1000, hint="\x07")
    source._inner.resolve = lambda refs, deadline: {A: bad}
    found = source.resolve([A], soon())[A]
    assert found.message.isprintable()
    assert (len(found.code), len(found.message), found.hint) == (64, 500, "?")


@pytest.mark.parametrize(
    ("given", "kept"), [(5, 5.0), (0.5, 0.5), (10**9, 86_400.0), (True, None), (float("inf"), 86_400.0)]
)
def test_how_long_it_asks_us_to_wait(made, given, kept):
    source = made()
    source._inner.resolve = lambda refs, deadline: {A: told(retry_after_seconds=given)}
    assert source.resolve([A], soon())[A].retry_after_seconds == kept


def test_what_it_is_asked_is_of_its_scheme(made):
    class Sub(SecretRef, frozen=True):
        pass

    source = made()
    for wrong in (SecretRef.parse("env://A"), "acme://a", Sub(ref="acme://a")):
        with pytest.raises(InvalidInputError):
            source.resolve([wrong], soon())


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("batch_key", None),
        ("batch_key", b"x"),
        ("refuses", True),
        ("refuses", "no"),
        ("close", True),
    ],
)
def test_other_answers_are_checked(made, method, answer):
    source = made(**{method: lambda *_: answer})
    with pytest.raises(UnavailableError) as caught:
        getattr(source, method)(*(() if method == "close" else (A,)))
    assert caught.value.code == "plugin_failed"


def test_a_refusal_is_cleaned_too(made):
    refusal = SecretError(kind="policy_blocked", code="off", message="o\nff")
    assert made(refuses=lambda *_: refusal).refuses(A).message == "o?ff"


@pytest.mark.parametrize("method", ["resolve", "batch_key", "refuses", "close", "capabilities", "open"])
@pytest.mark.parametrize(
    "error", [ValueError(PAYLOAD), BaseException(PAYLOAD), RecursionError(PAYLOAD), DeniedError("no", "no")]
)
def test_what_it_raises_carries_nothing(made, method, error):
    """An exception of an HTTP library quotes the request: address, token and all."""

    def failing(*_):
        if isinstance(error, PalyraError):
            raise_it(error)
        raise_with_payload(error)

    def call():
        source = made(**{method: classmethod(failing) if method == "open" else failing})
        arguments = {"resolve": ([A], soon()), "batch_key": (A,), "refuses": (A,)}
        getattr(source, method)(*arguments.get(method, ()))

    with pytest.raises((UnavailableError, DeniedError)) as caught:
        call()
    assert PAYLOAD not in everything_in(caught.value)


def test_a_call_that_hangs_is_left_behind(made):
    go, hanging = threading.Event(), threading.Event()

    def resolve(self, refs, deadline):
        hanging.set()
        go.wait(30)
        return {ref: SensitiveBytes(b"late") for ref in refs}

    source = made(resolve=resolve, capabilities=lambda self: SourceCapabilities())
    while source._origin.threads.stuck < STUCK_LIMIT:  # without time it is not asked, and does not hang
        with pytest.raises(UnavailableError) as caught:
            source.resolve([A], Deadline.after(0.1))
        assert caught.value.code == "deadline"
    assert hanging.is_set()
    with pytest.raises(UnavailableError) as caught:
        source.resolve([A], soon())
    assert caught.value.code == "circuit_open"
    go.set()
    while source._origin.threads.stuck:
        pass
    assert source.resolve([A], soon())[A].reveal() == b"late"


def test_a_mutant_hurts_nobody_else(made, parts):
    """Through the whole resolver: whatever one source does, the others answer, and nothing is raised."""
    same = SensitiveBytes(b"same")
    tricks = [
        lambda refs: None,
        lambda refs: {},
        lambda refs: dict.fromkeys(refs, same),
        lambda refs: dict.fromkeys(refs, told(kind=[])),
        lambda refs: {ref: SensitiveBytes(b"x" * 70_000) for ref in refs},
        lambda refs: {SecretRef.parse("acme://other"): SensitiveBytes(b"x")},
        lambda refs: raise_it(ZeroDivisionError(PAYLOAD)),
    ]
    source = made()
    parts.vault.put("good", b"good")
    resolver = over(parts, lambda scheme, place: source if scheme == "acme" else vault(parts))
    for trick in tricks:
        source._inner.resolve = lambda refs, deadline, trick=trick: trick(refs)
        found = resolver.resolve_many(["acme://a", "vault://good", "acme://b"])
        assert value(found["vault://good"]) == b"good"
        for each in (found["acme://a"], found["acme://b"]):
            assert each.status in ("failed", "resolved")
            assert PAYLOAD not in f"{each!r}{each.error!r}{each.metadata!r}"


def vault(parts):
    from palyra_kernel.resolve.sources.vault import VaultSource

    return VaultSource(parts.vault)
