"""Broken about replies."""

from urllib.parse import parse_qsl

import msgspec

from palyra_kernel.values import SensitiveBytes
from tests.testing.oauth_mutants import Healthy


class UnderstandsDigits(Healthy):
    breaks = "test_a_lifetime_is_passed_on_as_it_came"

    def made(self, grant, answer, body, access, refresh):
        said = body.get("expires_in")
        body["expires_in"] = int(said) if isinstance(said, str) and said.isdigit() else said
        return super().made(grant, answer, body, access, refresh)


class InventsARefreshToken(Healthy):
    breaks = "test_a_refresh_token_that_stays_is_none"

    def made(self, grant, answer, body, access, refresh):
        same = SensitiveBytes(grant.refresh_token.reveal())
        return super().made(grant, answer, body, access, same if refresh is None else refresh)


class TakesANumber(Healthy):
    breaks = "test_a_reply_without_an_access_token_is_none"

    def token(self, found):
        return super().token(str(found) if isinstance(found, int) else found)


class TakesAForm(Healthy):
    breaks = "test_what_is_no_json_object_is_no_reply"

    def parsed(self, answer):
        return super().parsed(answer) or dict(parse_qsl(answer.body.reveal().decode("latin-1")))


class LooksAtTheBodyAlone(Healthy):
    breaks = "test_tokens_come_with_status_200"

    def has_tokens(self, answer):
        return 200 <= answer.status < 300


class MistakesTheSign(Healthy):
    breaks = "test_the_servers_clock_is_ours_and_the_skew"

    def made(self, grant, answer, body, access, refresh):
        reply = super().made(grant, answer, body, access, refresh)
        return msgspec.structs.replace(reply, clock_skew=-answer.clock_skew)
