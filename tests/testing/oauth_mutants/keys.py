"""Broken about keys."""

from dataclasses import replace

import msgspec

from palyra_kernel.contracts.oauth import Preflight
from palyra_kernel.values import Deadline, SensitiveBytes
from tests.testing.oauth_mutants import Healthy


class ShowsItTwice(Healthy):
    breaks = "test_a_credential_is_presented_once"

    def headers(self, credential, kind):
        fields = super().headers(credential, kind)
        return {**fields, "x-api-key": credential} if kind == "oauth" else fields


class UnwrapsIt(Healthy):
    breaks = "test_a_credential_stays_wrapped"

    def headers(self, credential, kind):
        return {"authorization": f"Bearer {credential.reveal().decode()}"}


class WantsToSeeModels(Healthy):
    breaks = "test_a_good_key_is_ok"

    def verdict(self, answer):
        found = super().verdict(answer)
        return (
            found
            if found.outcome != "ok" or answer.json().get("data", True)
            else Preflight(outcome="unexpected")
        )


class MakesSomething(Healthy):
    breaks = "test_a_try_is_a_reading_call"

    def trying(self, key):
        return replace(super().trying(key), method="POST")


class WritesItIntoTheAddress(Healthy):
    breaks = "test_a_key_is_tried_as_it_is_presented"

    def trying(self, key):
        request = super().trying(key)
        text = key.reveal().decode()
        return replace(request, url=f"{request.url}?key={text}") if text.isalnum() else request


class ForgivesForbidden(Healthy):
    breaks = "test_a_key_that_is_refused_is_invalid"

    def verdict(self, answer):
        return Preflight(outcome="unexpected") if answer.status == 403 else super().verdict(answer)


class DoesNotSayWhen(Healthy):
    breaks = "test_too_many_calls_say_nothing_of_the_key"

    def verdict(self, answer):
        return msgspec.structs.replace(super().verdict(answer), retry_after_seconds=None)


class BlamesTheKey(Healthy):
    breaks = "test_a_provider_that_is_down_says_nothing_of_the_key"

    def verdict(self, answer):
        return Preflight(outcome="invalid_credential") if answer.status == 502 else super().verdict(answer)


class TakesNotFoundForNotGood(Healthy):
    breaks = "test_what_nobody_expects_is_unexpected"

    def verdict(self, answer):
        return Preflight(outcome="invalid_credential") if answer.status == 404 else super().verdict(answer)


class RepairsTheKey(Healthy):
    breaks = "test_a_key_that_no_field_can_carry_is_no_key"

    def trying(self, key):
        return super().trying(SensitiveBytes(key.reveal().partition(b"\r")[0]))


class TriesForEver(Healthy):
    breaks = "test_a_try_ends_at_its_deadline"

    def preflight(self, key, http, deadline):
        return super().preflight(key, http, Deadline.after(60))
