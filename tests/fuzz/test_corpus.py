"""Every input that is kept, through its target; and targets that notice when a parser goes wrong."""

import tracemalloc

import pytest

from tests.fuzz.registry import NAMES, corpus, load

LARGEST_PEAK = 64 * 1024 * 1024


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_holds(name):
    """What broke a parser once, or nearly did, never does again; nor does a small input take much memory."""
    target = load(name)
    kept = sorted(corpus(name).iterdir())
    assert len(kept) >= 4
    for path in kept:
        data = path.read_bytes()
        tracemalloc.start()
        try:
            target.check(data)
            assert tracemalloc.get_traced_memory()[1] < LARGEST_PEAK, path.name
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("name", NAMES)
def test_the_seeds_are_in_the_corpus(name):
    """A format that changed leaves a corpus of inputs behind that are refused at their first byte."""
    for seed, data in load(name).seeds().items():
        assert (corpus(name) / seed).read_bytes() == data, "python -m tests.fuzz.keep"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_input_at_all(name):
    for data in (b"", b"\0", b"\xff" * 300, b"{" * 5000, b"[" * 100_000, b"9" * 100_000, b"\n" * 10_000):
        load(name).check(data)
