"""Properties of references: one spelling each, and whatever is given, an answer or an error of ours."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.targets import decode_path
from tests.fuzz.oracles import result
from tests.values.strategies import PIECES

SCHEMES = st.sampled_from(("", "vault://", "env://", "file:///", "exec://", "aws://", "x" * 64 + "://"))
MORE = [
    *PIECES,
    "%",
    "%25",
    "%2e",
    "%C3%A9",
    "é" * 700,
    "=",
    "?a=b",
    "#/a/~1",
    "A_1",
    "~",
    '"',
    "'",
    "\u202e",
]
NEARLY = st.builds(lambda scheme, pieces: scheme + "".join(pieces), SCHEMES, st.lists(st.sampled_from(MORE)))
PATHS = st.lists(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1).filter(
        lambda step: step not in (".", "..")
    ),
    min_size=1,
).map(lambda steps: "/" + "/".join(steps))
VARIABLES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
TEXTS = st.one_of(
    VARIABLES.map("env://{}".format),
    st.from_regex(r"exec://[a-z0-9][a-z0-9_-]{0,10}(#[a-z/#?]{1,10})?", fullmatch=True),
    st.from_regex(r"vault://[a-z]{1,10}(\?version=[1-9])?(#[a-z/~]{1,9})?", fullmatch=True),
    st.from_regex(r"acme://[a-zA-Z/:.]{1,20}(\?[a-z]=[a-z=]{0,9})?(#[a-z/~]{1,9})?", fullmatch=True),
    st.from_regex(r"file:///[a-z]{1,9}( |%20|é)?(#[a-z]{1,9})?", fullmatch=True),
)


def parsed(given_):
    return result(SecretRef.parse, given_)


@given(st.one_of(NEARLY, TEXTS, st.text()))
def test_the_canonical_text_is_a_fixed_point(text):
    ref = parsed(text)
    if ref is not None:
        assert SecretRef.parse(str(ref)) == ref
        assert SecretRef(ref=ref.ref).ref == ref.ref
        query = "&".join(f"{name}={value}" for name, value in ref.query.items())
        assert ref.ref == f"{ref.scheme}://{ref.target}" + (f"?{query}" if query else "") + (
            f"#{ref.fragment}" if ref.fragment is not None else ""
        )


@given(st.one_of(NEARLY, TEXTS), st.one_of(NEARLY, TEXTS))
def test_texts_are_equal_when_their_canonical_texts_are(one, other):
    first, second = parsed(one), parsed(other)
    if first is not None and second is not None:
        assert (first == second) == (str(first) == str(second))
        assert first != second or hash(first) == hash(second)


@given(NEARLY)
def test_a_text_without_scheme_is_what_the_vault_takes_it_for(text):
    if "://" not in text.partition("#")[0]:
        try:
            meant = VaultRef.parse(text)
        except InvalidInputError:
            assert parsed(text) is None
        else:
            assert parsed(text) == SecretRef.parse(meant)
            assert str(parsed(text)) == str(meant)


@given(PATHS, st.booleans())
def test_every_path_has_one_reference(path, encode_all):
    encoded = "".join(f"%{byte:02X}" for byte in path.encode()) if encode_all else path.replace("%", "%25")
    encoded = encoded.replace("%2F", "/").replace("?", "%3F").replace("#", "%23")
    ref = parsed(f"file://{encoded}")
    if ref is None:
        assert len(path.encode()) > 4096 or not encoded.isprintable() or len(encoded) > 16_000
    else:
        assert decode_path(ref.target) == path
        assert ref.target.isascii()


TABLES = st.fixed_dictionaries(
    {"ref": TEXTS},
    optional={
        "required": st.booleans(),
        "allow_empty": st.booleans(),
        "refresh_policy": st.sampled_from(("on_startup", "on_reload", "per_run", "per_use")),
        "snapshot_policy": st.sampled_from(("freeze_until_reload", "refresh_per_run", "refresh_per_use")),
        "max_bytes": st.integers(1, 2**24),
        "timeout_ms": st.integers(1, 600_000),
        "transforms": st.lists(st.sampled_from(("strip_newline", "base64", "hex", "json:/a/~0")), max_size=4),
        "fallback": st.lists(TEXTS, max_size=3),
        "max_stale_seconds": st.integers(0, 31_536_000),
        "display_name": st.text(max_size=8),
        "trusted_dirs": st.lists(st.sampled_from(("/", "/a", "/é")), max_size=2),
        "options": st.dictionaries(
            st.text(max_size=3), st.one_of(st.booleans(), st.integers(0, 3), st.text())
        ),
    },
)


@given(TABLES)
def test_a_table_comes_back_as_it_was(table):
    ref = parsed(table)
    if ref is not None:
        plain = msgspec.to_builtins(ref)
        assert SecretRef.parse(plain) == ref
        assert msgspec.to_builtins(SecretRef.parse(plain)) == plain
        assert SecretRef(**plain) == ref
        assert parsed(msgspec.json.decode(msgspec.json.encode(ref))) == ref
        assert ref.unlabelled.unlabelled == ref.unlabelled


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), NEARLY),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from([field.name for field in msgspec.structs.fields(SecretRef)])


@given(st.dictionaries(FIELDS, ANYTHING, max_size=4), TEXTS)
def test_any_table_is_a_reference_or_an_error_of_ours(table, text):
    for made in (table, {"ref": text, **table}):
        ref = parsed(made)
        if ref is not None:
            assert SecretRef.parse(msgspec.to_builtins(ref)) == ref
