"""One value, looked for in everything that people and programs get to see."""

import json
import logging
import traceback

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import PalyraError
from palyra_kernel.testing.leaks import shows, text_of
from tests.support import edited

CANARY = b'canary-\xf0\x9f\x90\xa4-"5ad1e7c0ffee"\\n'
LARGE = CANARY * 4000


def failing(kernel, places):
    """Calls that fail with the canary in their hands, or next to it."""
    vault = kernel.vault
    yield lambda: vault.put("a", LARGE)
    yield lambda: vault.put("a", CANARY, expected_version=7)
    yield lambda: vault.put("a", CANARY, create_only=True)
    yield lambda: vault.put("a", CANARY, labels={"no such name": "x"})
    yield lambda: vault.put("a b", CANARY)
    yield lambda: vault.put("a", CANARY.decode())
    yield lambda: vault.put_many({"b": CANARY, "c": LARGE})
    yield lambda: vault.get("a#field")
    yield lambda: vault.get("json#missing")
    with edited(places.objects_db) as database:
        database.execute("UPDATE blobs SET data = zeroblob(length(data))")
    yield lambda: vault.get("a")


def test_the_value_shows_nowhere(kernel, places, caplog, capfd):
    """Hazard S21: redaction knew the names of secret fields, not the values: in any other place a value passed."""
    caplog.set_level(logging.DEBUG)
    kernel.vault.put_many({"a": CANARY, "json": json.dumps({"x": CANARY.decode()}).encode()})
    seen = [repr(kernel), repr(kernel.vault), repr(kernel.vault.stat("a")), repr(kernel.vault.history("a"))]
    with kernel.vault.get("a") as secret:
        seen.append(f"{secret!r}")
        for encode in (str, json.dumps, bytes.hex):
            with pytest.raises(TypeError):
                encode(secret)
    for call in failing(kernel, places):
        with pytest.raises(PalyraError) as caught:
            call()
        seen += [text_of(caught.value), "".join(traceback.format_exception(caught.value))]
    seen += [finding.message for finding in kernel.verify()]
    out = capfd.readouterr()
    for text in (*seen, caplog.text, out.out, out.err):
        assert not shows(text, CANARY)
    assert shows(f"value={CANARY.hex()}", CANARY)
    assert not shows(repr(SensitiveBytes(CANARY)), CANARY)
