"""Names of who acts."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.principals import PRINCIPAL_KINDS, Principal


@pytest.mark.parametrize(
    "text", ["user:1000", "agent:planner", "device:01J", "channel:slack:T1", "token:a", "service:x:y"]
)
def test_a_principal_is_its_text(text):
    principal = Principal.parse(text)
    assert str(principal) == text
    assert Principal.parse(principal) is principal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        "user:",
        "USER:1000",
        "admin:1000",
        " user:1000",
        "user: 1000",
        "user:10\n00",
        "user:10\x0000",
        "user:a/b",
        "user:a\\b",
        "user:" + "x" * 257,
        "user:e\u0301",  # not in normal form C: a second spelling of one name
        "user:\u202e1000",
        "channel:slack",
        "channel::T1",
        "channel:slack:",
        None,
        1000,
    ],
)
def test_no_second_spelling_of_a_principal(text):
    """Hazard P17 and A4: names that were trimmed, lower-cased or compared by prefix became somebody else."""
    with pytest.raises(InvalidInputError) as caught:
        Principal.parse(text)
    assert caught.value.code == "invalid_principal"


@given(st.sampled_from(PRINCIPAL_KINDS), st.text(max_size=40))
def test_whatever_parses_is_written_the_same(kind, rest):
    try:
        principal = Principal.parse(f"{kind}:{rest}")
    except InvalidInputError:
        return
    assert str(principal) == f"{kind}:{rest}"
    assert msgspec.json.decode(msgspec.json.encode(principal), type=Principal) == principal


@pytest.mark.parametrize(
    "text", ["", "tool", "tool:", "Tool:shell", "knife:a", "tool:a\nb", "tool:" + "x" * 1025, None]
)
def test_a_resource_has_a_kind_that_is_known_and_a_name_that_can_be_shown(text):
    with pytest.raises(InvalidInputError) as caught:
        Resource.parse(text)
    assert caught.value.code == "invalid_resource"


def test_a_resource_is_its_text():
    assert str(Resource.parse("secret:global/a/b")) == "secret:global/a/b"
