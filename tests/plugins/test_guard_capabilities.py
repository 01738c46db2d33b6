"""Capabilities behind the guard: what comes from a gateway and goes there is checked, and exceptions stay here.

Each rule has a mutant of a working plugin.
"""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from palyra_kernel.contracts.capabilities import CapabilityCall, is_capability_name
from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.kernel.kernel import BUILTINS
from palyra_kernel.plugins.guard_capabilities import close_capabilities, open_capabilities
from palyra_kernel.plugins.threads import STUCK_LIMIT
from palyra_kernel.values.deadline import Deadline
from tests.plugins.test_guard_sources import hosted
from tests.plugins.test_plugin_guard import PAYLOAD, Panic, everything_in, raise_it, raise_with_payload

CAPABILITY = """
from palyra_kernel import Capability, hookimpl

class One(Capability):
    name = "acme.one"
    max_input_bytes = 16
    max_output_bytes = 16
    def run(self, input, call):
        return input

@hookimpl
def palyra_capabilities():
    return [One]
"""
DEVICE = "01JZ0000000000000000000000"


@pytest.fixture
def offers(offer_of):
    offer = offer_of(CAPABILITY, "capabilities")
    return {offer.key: offer}


@pytest.fixture
def author(offers):
    return sys.modules["acme_zed"].One


@pytest.fixture
def made(author, offers):
    """Open the capability with some methods and attributes replaced."""

    def make(**changed):
        for name, value in changed.items():
            setattr(author, name, value)
        return open_capabilities(offers, DEVICE, {})["acme.one"]

    return make


def call(seconds=20.0):
    return CapabilityCall(Deadline.after(seconds))


def test_a_capability_works(made):
    one = made()
    assert (one.name, one.sensitivity, one.available()) == ("acme.one", "plain", None)
    assert one.run(b'{"a":1}', call()) == b'{"a":1}'


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"x" * 17, "input_too_large"),
        (b'"' + b"x" * 15 + b'"', "input_too_large"),
        (bytearray(b"{}"), "input_too_large"),
        ("{}", "input_too_large"),
        (b"", "invalid_input"),
        (b"{", "invalid_input"),
        (b"NaN", "invalid_input"),
        (b'"\xff"', "invalid_input"),
        (b"{} x", "invalid_input"),
        (b"\xef\xbb\xbf{}", "invalid_input"),
    ],
)
def test_what_a_gateway_sends_is_checked_before_the_author_sees_it(made, given, code):
    """Hazard H31: the size of an input was advice, and the node parsed whatever came."""
    asked: list[int] = []
    one = made(run=counting(asked))
    with pytest.raises(InvalidInputError) as caught:
        one.run(given, call())
    assert caught.value.code == code
    assert asked == []


def test_nesting_that_no_parser_follows_is_no_json(author, offers, made):
    """Hazard H31: a megabyte of brackets ended the process that parsed it."""
    author.max_input_bytes = 500_000
    with pytest.raises(InvalidInputError):
        made().run(b"[" * 400_000, call())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"x" * 17, "output_too_large"),
        (b'"' + b"x" * 10_000_000 + b'"', "output_too_large"),
        (b"", "plugin_failed"),
        (b"text", "plugin_failed"),
        ("{}", "plugin_failed"),
        (None, "plugin_failed"),
        ({}, "plugin_failed"),
        (bytearray(b"{}"), "plugin_failed"),
        (memoryview(b"{}"), "plugin_failed"),
    ],
    ids=lambda value: f"{len(value)}" if isinstance(value, bytes | memoryview) else str(value)[:16],
)
def test_what_is_no_answer_does_not_leave_the_node(made, answer, code):
    """Hazard H31: an answer of 1 GB was sent, and refused where it arrived, if at all."""
    one = made(run=lambda *_: answer)
    with pytest.raises(UnavailableError) as caught:
        one.run(b"{}", call())
    assert caught.value.code == code


ERRORS = [
    ValueError(PAYLOAD), Panic(PAYLOAD), MemoryError(PAYLOAD), RecursionError(PAYLOAD), SystemExit(0), GeneratorExit(),
    KeyboardInterrupt(), StopIteration(None), TimeoutError(),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("how", [raise_it, raise_with_payload])
def test_every_exception_of_a_stranger_becomes_ours_and_shows_nothing(made, error, how):
    """Hazard H31: free text of a failure, with what it was handed in it, went to the gateway and its logs."""
    one = made(run=lambda *_: how(error))
    with pytest.raises(UnavailableError) as caught:
        one.run(b"{}", call())
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)


def test_errors_of_ours_pass_as_copies(made):
    one = made(run=lambda *_: raise_it(DeniedError("not_now", "the door is locked", hint="unlock it")))
    with pytest.raises(DeniedError) as caught:
        one.run(b"{}", call())
    assert (caught.value.code, caught.value.hint) == ("not_now", "unlock it")


def test_without_time_nothing_runs(made):
    """Hazard H30: work whose time was over began all the same."""
    asked: list[int] = []
    one = made(run=counting(asked))
    for given, code in ((call(-1.0), "deadline"), (called_off(), "cancelled")):
        with pytest.raises(UnavailableError) as caught:
            one.run(b"{}", given)
        assert caught.value.code == code
    assert asked == []


def counting(asked):
    def run(self, input, given):
        asked.append(1)
        return b"{}"

    return run


def called_off():
    cancelled = threading.Event()
    cancelled.set()
    return CapabilityCall(Deadline.after(20.0), cancelled)


def test_one_that_hangs_is_left_behind_and_then_not_asked(made):
    """Hazard H30: waiters leaked. A call that never returns holds its thread; with four of them no more begin."""
    free, asked = threading.Event(), []

    def run(self, input, given):
        asked.append(1)
        free.wait(30)
        return b"{}"

    one = made(run=run)
    while one._origin.threads.stuck < STUCK_LIMIT:
        with pytest.raises(UnavailableError) as caught:
            one.run(b"{}", call(0.1))
        assert caught.value.code == "deadline"
    started = len(asked)
    with pytest.raises(UnavailableError) as caught:
        one.run(b"{}", call())
    assert caught.value.code == "circuit_open"
    assert len(asked) == started
    free.set()
    back = Deadline.after(20)
    while one._origin.threads.stuck and not back.expired:
        threading.Event().wait(0.01)
    assert one.run(b"{}", call()) == b"{}"


@pytest.mark.parametrize(
    ("available", "reason"),
    [
        (lambda *_: None, None),
        (lambda *_: "no screen\n", "no screen?"),
        (lambda *_: True, "wrong answer"),
        (lambda *_: "", "does not say why"),
        (lambda *_: raise_it(ValueError(PAYLOAD)), "ValueError"),
    ],
)
def test_one_that_cannot_say_whether_it_works_does_not(made, available, reason):
    """Hazard H27: nobody asked whether a capability was there, and work for it was handed over."""
    said = made(available=available).available()
    assert said is None if reason is None else reason in str(said)
    assert PAYLOAD not in str(said)


def test_a_closed_one_does_not_run(made):
    one = made()
    one.close()
    one.close()
    with pytest.raises(UnavailableError) as caught:
        one.run(b"{}", call())
    assert caught.value.code == "closed"
    assert "closed" in str(one.available())


@pytest.mark.parametrize(
    "wrong",
    [
        "name = 'Acme.one'",
        "name = ''",
        "name = 'acme..one'",
        "name = '.acme'",
        "name = 'acme.'",
        "name = b'acme'",
        "name = 'a' * 65",
        "name = 'acme/one'",
        "sensitivity = 'local'",
        "sensitivity = None",
        "max_input_bytes = 0",
        "max_input_bytes = None",
        "max_output_bytes = True",
        "max_output_bytes = 524289",
        "async def run(self, input, call): return b'{}'",
        "def run(self, input, call): yield",
        "def available(self): yield",
        "run = None",
    ],
)
def test_a_class_is_judged_at_load(offer_of, wrong):
    """Hazard H27: a capability under a name that no grant can have, or with sizes that bound nothing, was offered."""
    source = CAPABILITY.replace("\n@hookimpl", f"    {wrong}\n\n@hookimpl")
    if wrong == "run = None":
        source = CAPABILITY.replace("def run", "def runs")
    with pytest.raises(UnavailableError) as caught:
        offer_of(source, "capabilities")
    assert caught.value.code == "plugin_refused"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("echo", True),
        ("system.health", True),
        ("a-b_c.d.9", True),
        ("a" * 64, True),
        ("9a", False),
        ("a.", False),
        ("a b", False),
        ("ä", False),
        ("echo\n", False),
        ("", False),
    ],
)
def test_names_of_capabilities(name, is_one):
    """Hazard H41: names were free text, of any length."""
    assert is_capability_name(name) is is_one


def test_two_plugins_with_one_name(site):
    """Of two with one name, the one that was loaded last would have answered, whatever was granted."""
    with pytest.raises(ConflictError) as caught:
        hosted(site, ("one", CAPABILITY), ("two", CAPABILITY))
    assert caught.value.code == "plugin_duplicate"


@pytest.mark.parametrize("name", ["echo", "system.health", "system.identity"])
def test_a_built_in_one_cannot_be_shadowed(site, name):
    """Hazard H27: what every gateway grants without a second thought would be a stranger's code."""
    with pytest.raises(ConflictError) as caught:
        hosted(site, ("one", CAPABILITY.replace("acme.one", name)), builtins=BUILTINS)
    assert caught.value.code == "plugin_duplicate"
    assert "cannot be replaced" in str(caught.value.hint)


def test_settings_arrive(author, offers):
    got = []

    def opened(cls, place):
        got.append((place.device, place.settings))
        return cls()

    author.open = classmethod(opened)
    open_capabilities(offers, DEVICE, {"acme.one": {"depth": 3}})
    assert got == [(DEVICE, {"depth": 3})]


@pytest.mark.parametrize("settings", [{"acme.one": {"depth": 3}}, {"acme.two": {}}])
def test_settings_that_nobody_reads_are_refused(offers, settings):
    """Hazard U9: a setting that nobody reads looks like one that is in force."""
    with pytest.raises(InvalidInputError) as caught:
        open_capabilities(offers, DEVICE, settings)
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("opened", [None, object(), SimpleNamespace(run=lambda *_: b"{}")])
def test_what_opens_to_no_capability_stops_the_start(author, offers, opened):
    author.open = classmethod(lambda *_: opened)
    with pytest.raises(UnavailableError) as caught:
        open_capabilities(offers, DEVICE, {})
    assert caught.value.code == "plugin_failed"


TWO = CAPABILITY.replace("[One]", "[One, Two]").replace(
    "\n@hookimpl",
    """
class Two(One):
    name = "acme.two"
closed = []
One.close = lambda self: closed.append(self.name)

@hookimpl""",
)


def test_one_that_does_not_open_closes_the_others(site):
    """What the first one holds would stay open until the process ends."""
    offers = hosted(site, ("one", TWO)).registry.capabilities
    module = sys.modules["acme_one"]
    module.Two.open = classmethod(lambda *_: raise_it(InvalidInputError("invalid_config", "no")))
    with pytest.raises(InvalidInputError):
        open_capabilities(offers, DEVICE, {})
    assert module.closed == ["acme.one"]


def test_one_that_does_not_close_spares_the_others(site):
    capabilities = open_capabilities(hosted(site, ("one", TWO)).registry.capabilities, DEVICE, {})
    module = sys.modules["acme_one"]
    module.One.close = lambda self: module.closed.append(self.name) or raise_it(ValueError(PAYLOAD))
    with pytest.raises(PalyraError) as caught:
        close_capabilities(tuple(capabilities.values()))
    assert caught.value.code == "plugin_failed"
    assert module.closed == ["acme.one", "acme.two"]
