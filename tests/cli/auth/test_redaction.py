"""What the command line says of an error, whatever an issuer put into it."""

from __future__ import annotations

import pytest

from palyra_kernel.cli.outcome import tell

CANARY = "canary0123456789abcdefXYZ"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"access_token":"{CANARY}","expires_in":1}}',
        f'{{"refresh_token" : "{CANARY}"}}',
        f'{{"client_secret":"{CANARY}"}}',
        f"grant_type=refresh_token&refresh_token={CANARY}&client_id=a",
        f"access_token={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"authorization: Basic {CANARY}",
        f"x-api-key: {CANARY}",
    ],
)
def test_tokens_in_all_their_forms_are_masked(capsys, text):
    """Hazard H58 of auth profiles: tokens in JSON passed the redactor."""
    tell(f"palyra: the issuer said {text}")
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["refresh_token missing", "no refresh_token came", "access_token is not text"]
)
def test_words_about_tokens_stay(capsys, text):
    """Hazard H58 of auth profiles: any text with the word refresh_token was blanked."""
    tell(f"palyra: {text}")
    assert text in capsys.readouterr().err
