"""The worked example of ``docs/envelope.md`` is what the code computes."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel.values.framing import frame
from palyra_kernel.vault import envelope
from palyra_kernel.vault.objects import ENVELOPE_OVERHEAD
from tests.docs.pages import blocks, page, section, table_rows


def _example() -> dict[str, str]:
    """Names and values of the example; continuation lines are joined."""
    found: dict[str, str] = {}
    (text,) = blocks(section(page("envelope.md"), "## Worked example"), "text")
    name = ""
    for line in text.splitlines():
        if not line.startswith(" "):
            name, _, line = line.partition(" ")  # noqa: PLW2901
            found[name] = ""
        found[name] += line.strip()
    return found


@pytest.fixture
def example():
    return _example()


@pytest.fixture
def binding(example):
    return envelope.Binding(
        example["vault"], example["scope"], example["key"], version=int(example["version"])
    )


@pytest.fixture
def kek(example):
    return ChaCha20Poly1305(bytes.fromhex(example["kek"]))


@pytest.fixture
def blob(example):
    start, sealed = bytes.fromhex(example["start"]), bytes.fromhex(example["ciphertext"])
    return start + example["header"].encode() + sealed


def test_the_associated_data_is_as_shown(example, binding):
    assert binding.value_aad().hex() == example["value_aad"]
    shown = example["dek_aad"].removeprefix("VALUE_AAD ")
    assert frame("dek", int(example["epoch"])).hex() == shown


def test_sealing_the_example_gives_the_example(example, binding, kek, blob, monkeypatch):
    random = bytes.fromhex(example["dek"] + example["dek_nonce"] + example["nonce"])
    monkeypatch.setattr("os.urandom", lambda count: random[:count])
    value = bytes.fromhex(example["value"])
    assert envelope.seal(value, binding, kek, int(example["epoch"])) == blob


def test_the_example_opens(example, binding, kek, blob):
    with envelope.open_envelope(blob, binding, {int(example["epoch"]): kek}) as value:
        assert value.reveal() == bytes.fromhex(example["value"])


def test_the_sum_below_the_example_is_right(blob):
    length = int.from_bytes(blob[8:12], "big")
    sealed = len(blob) - 12 - length
    assert f"12 + {length} + {sealed} = {len(blob)} bytes" in page("envelope.md")


def test_the_header_members_are_listed_in_order():
    members = [row[0].strip("`") for row in table_rows(section(page("envelope.md"), "## Layout"))]
    fields = list(envelope.Header.__struct_fields__)
    assert members[-len(fields) :] == fields


def test_the_sizes_are_right(kek):
    text = section(page("envelope.md"), "## Size")
    sizes = [
        len(envelope.seal(b"", envelope.Binding("0" * 32, "global", "k", 1), kek, epoch))
        for epoch in (1, 2**32 - 1)
    ]
    assert f"{sizes[0]} to {sizes[1]} bytes" in text
    assert f"reserves {ENVELOPE_OVERHEAD:,} bytes" in " ".join(text.split())
