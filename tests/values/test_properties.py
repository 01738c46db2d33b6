"""What holds for every scope and reference, tried on thousands of made-up ones."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.framing import frame
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from tests.values.strategies import fields, keys, nearly_references, references, scopes, segments, versions

many = settings(max_examples=150, deadline=None)


@many
@given(references)
def test_the_canonical_form_parses_to_the_same(ref):
    assert VaultRef.parse(str(ref)) == ref
    assert str(VaultRef.parse(str(ref))) == str(ref)
    assert VaultRef.parse(str(ref).removeprefix("vault://")) == ref


@many
@given(scopes)
def test_the_text_of_a_scope_parses_to_the_same(scope):
    assert VaultScope.parse(str(scope)) == scope
    assert VaultScope(scope.kind, *scope.segments) == scope


@many
@given(references, references)
def test_different_references_have_different_text(one, other):
    assert (str(one) == str(other)) == (one == other)


@many
@given(scopes, scopes)
def test_different_scopes_have_different_text(one, other):
    same = (one.kind, one.segments) == (other.kind, other.segments)
    assert (one == other) == (str(one) == str(other)) == same


@many
@given(scopes, keys, versions, fields)
def test_the_parts_come_back(scope, key, version, field):
    ref = VaultRef.parse(str(VaultRef(scope, key, version=version, field=field)))
    assert (ref.scope, ref.key, ref.version, ref.field) == (scope, key, version, field)


def split_anywhere(generator: random.Random) -> tuple[str, str]:
    text = "".join(generator.choice("ab:") for _ in range(generator.randint(2, 7)))
    cut = generator.randint(1, len(text) - 1)
    return text[:cut], text[cut:].removeprefix(":") or "c"


def test_a_colon_never_moves_the_border_between_scope_and_key():
    """Hazard D11: `("a:b", "c")` and `("a", "b:c")` had one object id and one associated data elsewhere: one
    secret could be read as the other."""
    generator = random.Random(7)
    seen: dict[str, tuple[str, str]] = {}
    framed: dict[bytes, tuple[str, str]] = {}
    for _ in range(10_000):
        name, account = split_anywhere(generator)
        try:
            scope = VaultScope("channel", name, account)
        except InvalidInputError:
            assert ":" in name
            continue
        assert seen.setdefault(str(scope), (name, account)) == (name, account)
        assert framed.setdefault(frame(str(scope), "key"), (name, account)) == (name, account)
    assert len(seen) > 500


@pytest.mark.parametrize("pair", [(("a:b", "c"), ("a", "b:c")), (("a", "b"), ("a:b", ""))])
def test_the_classic_pairs(pair):
    built = []
    for segments_ in pair:
        try:
            built.append(str(VaultScope("channel", *segments_)))
        except InvalidInputError:
            built.append("")
    assert built[0] != built[1]


def parses_or_refuses(text: str) -> None:
    ref = refusal = None
    try:
        ref = VaultRef.parse(text)
    except InvalidInputError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code in ("invalid_reference", "invalid_scope", "invalid_key")
        refusal.message.encode()  # it can be printed: no lone surrogate of the input is in it
        assert "\n" not in refusal.message
    if ref is not None:
        assert VaultRef.parse(str(ref)) == ref
        assert not ref.scope.reserved


@settings(max_examples=600, deadline=None)
@given(nearly_references)
@example("vault://global/a#x?version=1")
@example("principal:a#b/c")
@example("global?version=1")
def test_nearly_a_reference_parses_or_is_refused(text):
    parses_or_refuses(text)


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters()))
def test_any_text_parses_or_is_refused(text):
    parses_or_refuses(text)
    parses_or_refuses(f"principal:{text}/k")
    parses_or_refuses(f"global/k#{text}")
    try:
        scope = VaultScope("skill", text)
    except InvalidInputError:
        with pytest.raises(InvalidInputError):
            VaultScope.parse(f"skill:{text}")
    else:
        assert VaultScope.parse(f"skill:{text}") == scope


@many
@given(segments)
def test_a_legal_segment_is_kept(text):
    assert VaultScope("principal", text).segments == (text,)
