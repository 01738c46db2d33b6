"""The guard of OAuth adapters. What they return is stored as somebody's login, and what they say of a refresh decides
whether a token that may be spent is presented again: so what was sent is counted here, not told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar, cast

import msgspec

from palyra_kernel.contracts.endpoints import hosts_for
from palyra_kernel.contracts.oauth import (
    CredentialType,
    FailureKind,
    OAuthFailure,
    OAuthGrant,
    OAuthMetadata,
    OAuthRefreshAdapter,
    Preflight,
    ProviderProfile,
    ProviderResponse,
    TokenReply,
)
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpRequest, HttpResponse
from palyra_kernel.plugins.answers_oauth import (
    checked_failure,
    checked_headers,
    checked_kind,
    checked_metadata,
    checked_preflight,
    checked_reply,
)
from palyra_kernel.plugins.foreign import shielded
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient

T = TypeVar("T")

LATE_SECONDS = 1.0
"""By so much a call may return behind its deadline. What it says later does not count, but what it did does: tokens
that came are stored, and tokens that were revoked are."""
FAILED = "plugin_failed"


class _Counted:
    """The client that an adapter gets: it sends, by the deadline of the call at the latest, and cannot be closed."""

    def __init__(self, http: HttpClient, deadline: Deadline) -> None:
        self._http = http
        self._deadline = deadline
        self.sent = False
        """Whether a server may have acted on anything."""

    @property
    def client(self) -> HttpClient:
        """Itself, as what an author takes it for."""
        return cast("HttpClient", self)

    def send(self, request: HttpRequest, *, deadline: Deadline | None = None) -> HttpResponse:
        """As :meth:`HttpClient.send`."""
        until = min(deadline or self._deadline, self._deadline, key=lambda one: one.at)
        try:
            answer = self._http.send(request, deadline=until)
        except PalyraError as error:
            self.sent = self.sent or error.code not in NOTHING_SENT
            raise
        except BaseException:
            self.sent = True
            raise
        self.sent = True
        return answer


class GuardedOAuthAdapter(OAuthRefreshAdapter):
    """An adapter of an author. A refresh, a revocation, a probe and a pre-flight never raise: whatever goes wrong in
    one is a failure ``plugin_failed``, ``unknown`` or ``unexpected``. The other methods raise
    :class:`UnavailableError` ``plugin_failed`` and ``deadline``, and :meth:`metadata` what :func:`hosts_for` raises.
    """

    _cls: ClassVar[type[OAuthRefreshAdapter]]
    _origin: ClassVar[Origin]

    def __init__(self) -> None:
        self._who = f"adapter {self.provider!r} of {self._origin}"
        self._inner = shielded(self._who, "__init__", self._cls)

    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        def ask() -> OAuthMetadata:
            return checked_metadata(self._inner.metadata(profile, _Counted(http, deadline).client, deadline))

        found = shielded(self._who, "metadata", ask)
        self._check_time("metadata", deadline)
        hosts_for(self.hosts, profile.issuer or found.issuer, found)
        return found

    def refresh(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> TokenReply | OAuthFailure:
        counted = _Counted(http, deadline)

        def ask() -> TokenReply | OAuthFailure:
            answer: object = self._inner.refresh(grant, counted.client, deadline)
            return checked_reply(answer, grant) if type(answer) is TokenReply else checked_failure(answer)

        return self._failing("refresh", counted, ask)

    def revoke(self, grant: OAuthGrant, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
        counted = _Counted(http, deadline)

        def ask() -> OAuthFailure | None:
            answer: object = self._inner.revoke(grant, counted.client, deadline)
            return None if answer is None else checked_failure(answer)

        return self._failing("revoke", counted, ask)

    def classify(self, response: ProviderResponse) -> FailureKind | None:
        return shielded(self._who, "classify", lambda: checked_kind(self._inner.classify(response)))

    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        def ask() -> Preflight:
            return checked_preflight(self._inner.preflight(key, _Counted(http, deadline).client, deadline))

        try:
            found = shielded(self._who, "preflight", ask)
            self._check_time("preflight", deadline)
        except UnavailableError as error:
            return Preflight(outcome="unexpected" if error.code == FAILED else "unavailable")
        except PalyraError:
            return Preflight(outcome="unexpected")
        return found

    def probe(
        self, grant: OAuthGrant, http: HttpClient, deadline: Deadline
    ) -> Literal["active", "inactive", "unknown"]:
        def ask() -> object:
            return self._inner.probe(grant, _Counted(http, deadline).client, deadline)

        try:
            answer = shielded(self._who, "probe", ask)
            self._check_time("probe", deadline)
        except PalyraError:
            return "unknown"
        if type(answer) is not str:
            return "unknown"
        return "active" if answer == "active" else "inactive" if answer == "inactive" else "unknown"

    def headers(self, credential: SensitiveBytes, kind: CredentialType) -> Mapping[str, str | SensitiveBytes]:
        def ask() -> Mapping[str, str | SensitiveBytes]:
            return checked_headers(self._inner.headers(credential, kind), credential)

        return shielded(self._who, "headers", ask)

    def _failing(self, method: str, counted: _Counted, ask: Callable[[], T]) -> T | OAuthFailure:
        """What *ask* answers. A failure says that something was sent if it was, whatever its author thought."""
        try:
            answer = shielded(self._who, method, ask)
        except PalyraError as error:
            return _failure(error, sent=counted.sent)
        if isinstance(answer, OAuthFailure) and counted.sent and not answer.sent:
            return msgspec.structs.replace(answer, sent=True)
        return answer

    def _check_time(self, method: str, deadline: Deadline) -> None:
        if monotonic() > deadline.at + LATE_SECONDS:
            raise UnavailableError("deadline", f"{method} of the {self._who} came after its deadline")


def adapter_guard(cls: type[OAuthRefreshAdapter], origin: Origin) -> type[GuardedOAuthAdapter]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedOAuthAdapter):
        provider = cls.provider
        hosts = cls.hosts
        _cls = cls
        _origin = origin

    return Guarded


def _failure(error: PalyraError, *, sent: bool) -> OAuthFailure:
    """For an adapter that raised instead of answering: what its error means is what it would have meant there."""
    if error.code == FAILED:
        return OAuthFailure(code=FAILED, sent=sent)
    if isinstance(error, UnavailableError):
        return OAuthFailure(code="network", kind="transient", sent=sent)
    return OAuthFailure(code="invalid_response" if sent else "not_configured", sent=sent)
