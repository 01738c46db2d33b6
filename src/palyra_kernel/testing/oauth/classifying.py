"""Why a call failed follows from its status and its code, and from nothing that somebody wrote in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from palyra_kernel.contracts.oauth import FailureKind, OAuthRefreshAdapter, ProviderResponse
from palyra_kernel.testing.oauth.base import AdapterRules

_USUAL: Mapping[int, tuple[FailureKind, ...]] = {
    401: ("auth_invalid", "refresh_due"),
    402: ("quota",),
    403: ("auth_invalid",),
    429: ("rate_limit",),
    500: ("transient",),
    502: ("transient",),
    503: ("transient",),
    504: ("transient",),
    529: ("transient",),
}
_WORDS = (
    "quota",
    "billing",
    "expired",
    "policy",
    "invalid api key",
    "Rate limit reached",
    "overloaded",
    "revoked",
)
_TIMES = 50


class ClassifyRules(AdapterRules):
    """How long a credential rests, and whether a human is called, follows from the class."""

    def test_the_usual_statuses_have_their_classes(self, adapter: OAuthRefreshAdapter) -> None:
        """Without a code, the status is all there is."""
        found = {status: adapter.classify(ProviderResponse(status=status)) for status in _USUAL}
        assert {status for status, kind in found.items() if kind not in _USUAL[status]} == set()

    def test_success_is_no_failure(self, adapter: OAuthRefreshAdapter) -> None:
        """A credential that works does not rest."""
        assert [adapter.classify(ProviderResponse(status=status)) for status in (200, 201, 202, 204)] == [
            None
        ] * 4

    def test_a_wrong_question_is_not_the_credentials_fault(self, adapter: OAuthRefreshAdapter) -> None:
        """Hazard H31: three bad prompts took the credential from everybody."""
        for status in (400, 404, 405, 409, 413, 415, 422):
            assert adapter.classify(ProviderResponse(status=status)) is None, status

    def test_known_codes_mean_what_is_documented(self, adapter: OAuthRefreshAdapter) -> None:
        """The table `classes` of your contract."""
        found = {
            (status, code): adapter.classify(ProviderResponse(status=status, code=code))
            for status, code in self.classes
        }
        assert found == dict(self.classes)

    def test_text_decides_nothing(self, adapter: OAuthRefreshAdapter) -> None:
        """Hazard H30: a 403 whose text mentioned 'policy' was not counted. A code that nobody knows is none, whatever
        words are in it, and so is a word in a header field."""
        for status in (200, 400, 404, *_USUAL):
            plain = adapter.classify(ProviderResponse(status=status))
            for word in _WORDS:
                for response in (
                    ProviderResponse(status=status, code=f"see the page about {word}"),
                    ProviderResponse(
                        status=status, headers={"x-message": word, "content-type": "text/plain"}
                    ),
                ):
                    assert adapter.classify(response) == plain, (status, word)

    def test_the_same_answer_has_the_same_class(self, adapter: OAuthRefreshAdapter) -> None:
        """Counting is the kernel's: it alone knows about all the processes."""
        responses = [ProviderResponse(status=status) for status in _USUAL]
        first = [adapter.classify(response) for response in responses]
        for _ in range(_TIMES):
            assert [adapter.classify(response) for response in responses] == first
