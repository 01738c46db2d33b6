"""The fingerprint on the paper: one for each signer, read back however a person types it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import InvalidInputError, SensitiveBytes
from palyra_kernel.keys.signer import backup_signer, fingerprint, parse_fingerprint, signed_by
from tests.support import VAULT_ID

keys = st.binary(min_size=32, max_size=32)


def public(root: bytes, vault_id: str = VAULT_ID, epoch: int = 1) -> bytes:
    return backup_signer(SensitiveBytes(root), vault_id, epoch).public_key().public_bytes_raw()


def test_the_signer_follows_from_the_root_key_alone():
    """No state to lose or to steal; another root, vault or epoch is another signer."""
    assert public(bytes(32)) == public(bytes(32))
    assert (
        len({public(bytes(32)), public(b"x" * 32), public(bytes(32), "f" * 32), public(bytes(32), epoch=2)})
        == 4
    )


@given(keys)
def test_a_fingerprint_is_130_bits_in_groups(key):
    text = fingerprint(key)
    assert [len(group) for group in text.split("-")] == [5, 5, 5, 5, 5, 1]
    assert signed_by(key, text)


@given(keys, st.randoms(use_true_random=False))
def test_case_spaces_and_dashes_do_not_matter(key, random):
    text = fingerprint(key)
    typed = "".join(random.choice((c, c.lower())) + random.choice(("", " ", "-", "\n")) for c in text)
    assert parse_fingerprint(typed) == text
    assert signed_by(key, typed)


@given(keys, st.integers(0, 25), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_every_character_counts(key, position, character):
    packed = fingerprint(key).replace("-", "")
    typed = packed[:position] + character + packed[position + 1 :]
    assert signed_by(key, typed) is (typed == packed)


@pytest.mark.parametrize(
    "text", ["", "-", "A" * 25, "A" * 27, "A" * 25 + "1", "A" * 25 + "\u0130", "\u017f" * 26]
)
def test_what_is_no_fingerprint_is_refused(text):
    with pytest.raises(InvalidInputError) as caught:
        parse_fingerprint(text)
    assert caught.value.code == "invalid_fingerprint"
