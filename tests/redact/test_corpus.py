"""What must be masked is, what must not is not, and the text around a secret survives: a scored corpus.

``pytest tests/redact/test_corpus.py -s`` prints the score.
"""

from __future__ import annotations

import json

import pytest

from palyra_kernel import redact
from palyra_kernel.plugins.foreign import said
from palyra_kernel.redact import redact_text
from tests.docs.pages import page
from tests.redact.corpus import MASK, REFERENCE, Entry, entries, score
from tests.redact.tokens import TOKENS

SECRETS = entries("secrets.txt")
INNOCENT = entries("innocent.txt")
LIMITS = entries("limits.txt")


@pytest.fixture(autouse=True)
def nothing_lives(monkeypatch):
    """The corpus judges shapes; what other tests of this process hold, an example passphrase say, is masked too."""
    monkeypatch.setattr(redact, "find_live", lambda _data: [])


def sections(judged: list[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.section for entry in judged))


def in_section(judged: list[Entry], name: str) -> list[Entry]:
    return [entry for entry in judged if entry.section.startswith(name)]


def test_what_the_reference_did_wrong():
    """Hazard P24: `password: x`, `Authorization: Basic x`, compact JSON and `curl -u a:b` were shown; `signal`,
    `design`, `assignment` and `max_tokens` were masked."""
    found = score(in_section(SECRETS, REFERENCE) + in_section(INNOCENT, REFERENCE), redact_text)
    print(f"{REFERENCE}: {found}")
    assert found.secrets >= 30
    assert found.innocent >= 15
    assert (found.found, found.spared, found.wrong) == (found.secrets, found.innocent, ())


@pytest.mark.parametrize("section", sections(SECRETS))
def test_every_secret_is_masked_and_nothing_around_it(section):
    """Hazard P25: a hit masked the whole string, and only English was known."""
    found = score(in_section(SECRETS, section), redact_text)
    print(f"{section}: {found}")
    assert found.wrong == ()
    assert found.found == found.secrets > 0


WRAPPED = {
    "in a line": lambda text: f"2026-11-22T10:00:00Z INFO {text} | next",
    "in JSON": lambda text: json.dumps({"level": "info", "message": text, "n": 1}),
    "in a repr": repr,
    "in JSON in JSON": lambda text: json.dumps({"body": json.dumps({"message": text})}),
    "in JSON in a repr": lambda text: repr(json.dumps([text])),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_secret_is_found_through_what_is_around_it(wrap):
    """Hazard P24: a body that was logged as JSON in JSON, or as a repr, was none that the rules knew."""
    for entry in SECRETS:
        left = redact_text(wrap(entry.text))
        for start, end in entry.secrets:
            secret = entry.text[start:end]
            for form in (secret, json.dumps(secret)[1:-1]):
                assert len(secret) < 4 or secret in entry.masked or form not in left, (entry.text, left)


@pytest.mark.parametrize("entry", SECRETS + INNOCENT, ids=lambda entry: entry.section)
def test_what_is_masked_stays_as_it_is(entry):
    """What goes through two filters must not lose a little more in each."""
    assert redact_text(entry.masked) == entry.masked


@pytest.mark.parametrize("section", sections(INNOCENT))
def test_nothing_is_masked_that_is_no_secret(section):
    """Hazard P24: logs in which every other word was masked were switched off, with all that they hid."""
    found = score(in_section(INNOCENT, section), redact_text)
    print(f"{section}: {found}")
    assert found.wrong == ()


def test_the_published_score_is_this_one():
    """A figure that nobody measures again is a claim."""
    found = score(SECRETS + INNOCENT, redact_text)
    print(f"all: {found}")
    assert len(SECRETS) + len(INNOCENT) >= 300
    assert len({entry.text for entry in SECRETS + INNOCENT}) >= len(SECRETS) + len(INNOCENT) - 6
    text = " ".join(page("redaction.md").split())
    assert f"**{found.found} of {found.secrets}** secrets masked" in text
    assert f"**{found.innocent - found.spared} of {found.innocent}** innocent texts" in text


def test_the_limits_are_those_that_the_page_names():
    """What is not found is said, so that nobody relies on it; when it is found one day, the page has to change."""
    text = page("redaction.md")
    for entry in LIMITS:
        assert redact_text(entry.text) == entry.text
        assert f"`{entry.text}`" in text, entry.text


@pytest.mark.parametrize("careless", [lambda text: text, lambda _text: MASK])
def test_the_score_can_be_bad(careless):
    """A score that everybody passes measures nothing."""
    found = score(SECRETS + INNOCENT, careless)
    assert found.found == 0 or found.spared == 0
    assert len(found.wrong) > 300


@pytest.mark.parametrize("at", range(150, 200, 7))
def test_a_secret_at_the_cut_is_masked_before_the_cut(at):
    """Hazard P26: texts were cut to their length first, and half a token is no token."""
    token = TOKENS["github_token"][0]
    shown = said("x" * at + " " + token + " tail" * 20, 200)
    assert len(shown) <= 200
    assert token[:6] not in shown


def test_a_secret_that_was_cut_by_others_is_masked_as_far_as_it_goes():
    """Hazard P26: what arrives cut has no closing quote."""
    for cut in ('{"user":"bob","password":"hunter2', "{'secret': 'hunter2", '{\\"password\\":\\"hunter2'):
        assert "hunter2" not in redact_text(cut)
