"""Credentials for providers, as far as the principal of a session may use and manage them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from palyra_kernel.auth.health import Health
from palyra_kernel.auth.names import GLOBAL, ProfileScope, is_id
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.refresh import Refreshed
from palyra_kernel.auth.selection import Explanation
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.auth.use import Report, TokenLease
from palyra_kernel.contracts.oauth import FailureKind, ProviderResponse
from palyra_kernel.errors import NotFoundError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.session.gate import NOTHING, Gate, Permit
from palyra_kernel.session.profile_facts import labels_of, reaches, resource_of
from palyra_kernel.session.secrets import SessionSecrets
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import VAULT
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel.session.auth_choices import SessionChoices
    from palyra_kernel.session.auth_documents import SessionDocuments
    from palyra_kernel.session.auth_logins import SessionLogins

SAVED = {"act": "auth.profile.saved"}


class SessionAuth:
    """Profiles of one session. Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError`, and what the
    method of :class:`AuthProfiles` raises."""

    def __init__(self, gate: Gate, auth: AuthProfiles, secrets: SessionSecrets) -> None:
        self._gate = gate
        self._auth = auth
        self._secrets = secrets

    @property
    def choices(self) -> SessionChoices:
        """Orders, defaults, and what is switched off."""
        from palyra_kernel.session.auth_choices import SessionChoices  # most sessions choose nothing

        return SessionChoices(self._gate, self._auth)

    @property
    def documents(self) -> SessionDocuments:
        """Exports and imports."""
        from palyra_kernel.session.auth_documents import SessionDocuments  # most sessions do neither

        return SessionDocuments(self._gate, self._auth, self, self._secrets)

    def health(self, *, agent: str = "") -> Health:
        """See :meth:`AuthProfiles.health`: of all profiles, or of those that *agent* sees."""
        scopes = (ProfileScope("agent", agent), GLOBAL) if agent else None
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            health = self._auth.health(scopes)
        self._gate.settle([permit])
        return health

    @property
    def logins(self) -> SessionLogins:
        """Logs in and out."""
        from palyra_kernel.session.auth_logins import SessionLogins  # most sessions do neither

        return SessionLogins(self._gate, self._auth)

    def get_token(
        self, selector: str | Selector, *, deadline: Deadline | None = None, **more: Any
    ) -> TokenLease:
        """See :meth:`AuthProfiles.get_token`. Whose profiles count is whose session it is, unless *more* says so: the
        agent's that acts, and the workspace's that it acts in. What the session may not use is passed over."""
        wanted = self._of_session(selector, more)
        permits: dict[str, Permit | None] = {}

        def allowed(profile: Profile) -> bool:
            permits[profile.id] = permit = self._glance(profile)
            return permit is not None

        try:
            lease = self._auth.get_token(wanted, deadline=deadline, allowed=allowed)
        except (NotFoundError, UnavailableError):
            self._refuse(wanted)
            raise
        self._gate.use(permits[lease.profile.id] or self._entered("profile.use", lease.profile))
        return lease

    def report(
        self, lease: TokenLease, response: ProviderResponse | FailureKind, *, began_ms: int | None = None
    ) -> Report:
        """See :meth:`AuthProfiles.report`. Whoever was given a credential may say what came of it."""
        return self._auth.report(lease, response, began_ms=began_ms)

    def explain(self, selector: str | Selector, **more: Any) -> Explanation:
        """See :meth:`AuthProfiles.explain`, for this session."""
        self._gate.settle([self._gate.enter("profile.list", VAULT)])
        return self._auth.explain(self._of_session(selector, more), allowed=self._may_use)

    def list(self) -> Sequence[Profile]:
        """All profiles of the vault, by id."""
        self._gate.settle([self._gate.enter("profile.list", VAULT)])
        return self._auth.parts.registry.snapshot().profiles

    def show(self, id: str) -> Profile:
        """The profile *id*."""
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            profile = self._auth.parts.registry.find(id)
        self._gate.settle([permit])
        return profile

    def save(
        self, profile: Profile, credential: NewCredential | None = None, *, expected_ms: int | None = None
    ) -> Profile:
        """See :meth:`Accounts.save`. Another endpoint for a profile that is there needs an approval: it gets the
        credential from then on."""
        shown: dict[str, Any] = {"profile": msgspec.to_builtins(profile)}
        if credential is not None:
            shown["credential"] = self._blinded(credential)
        permits = [self._entered("profile.manage", profile, shown, SAVED)]
        old = self._auth.parts.registry.row(profile.id).value
        if old is not None and reaches(old) != reaches(profile):
            permits.append(self._entered("profile.endpoint", profile, {"endpoints": reaches(profile)}))

        def beside(_: Profile) -> Change:
            return self._gate.beside(permits)

        with self._gate.watched(permits):
            return self._auth.accounts.save(profile, credential, expected_ms=expected_ms, beside=beside)

    def refresh(self, id: str, *, deadline: Deadline | None = None) -> Refreshed:
        """See :meth:`AuthProfiles.refresh`."""
        permit = self._entered("profile.manage", self._auth.parts.registry.find(id), {"act": "refresh"})
        with self._gate.watched([permit]):
            result = self._auth.refresh(id, deadline=deadline)
        self._gate.settle([permit])
        return result

    def try_out(self, id: str, *, deadline: Deadline | None = None) -> Literal["ok", "unknown"]:
        """Ask its provider whether it takes the credential of the profile *id*: a use of it. See :func:`try_out`."""
        from palyra_kernel.auth.trying import try_out

        profile = self._auth.parts.registry.find(id)
        seen: dict[str, Any] = {profile.scope.kind: profile.scope.id} if profile.scope.id else {}
        return try_out(
            self._auth.parts.issuers, self.get_token(profile.id, deadline=deadline, **seen), deadline
        )

    def _of_session(self, selector: str | Selector, more: dict[str, Any]) -> Selector:
        wanted = Selector.parse(selector, **more)
        who = self._gate.who
        if not wanted.agent and who.principal.kind == "agent" and is_id(who.principal.id):
            wanted = msgspec.structs.replace(wanted, agent=who.principal.id)
        if not wanted.workspace and who.workspace is not None and is_id(who.workspace):
            wanted = msgspec.structs.replace(wanted, workspace=who.workspace)
        return wanted

    def _glance(self, profile: Profile) -> Permit | None:
        return self._gate.glance("profile.use", resource_of(profile), labels=labels_of(profile))

    def _may_use(self, profile: Profile) -> bool:
        return self._glance(profile) is not None

    def _entered(
        self, action: str, profile: Profile, arguments: object = None, details: Mapping[str, str] = NOTHING
    ) -> Permit:
        return self._gate.enter(
            action, resource_of(profile), arguments=arguments, labels=labels_of(profile), details=details
        )

    def _refuse(self, wanted: Selector) -> None:
        """Where nothing is left but what policy denies, say that, and let a human be asked."""
        explained = self._auth.explain(wanted, allowed=self._may_use)
        denied = [each for each in explained.candidates if each.reason_code == "policy_denied"]
        if denied:
            profile = self._auth.parts.registry.find(denied[0].profile_id)
            self._gate.settle([self._entered("profile.use", profile)])

    def _blinded(self, credential: NewCredential) -> str:
        """What stands for a credential where an approval shows it: keyed, so that nobody can try what it is."""
        values = (
            credential.key,
            credential.reply.access_token if credential.reply else None,
            credential.client_secret,
        )
        return self._gate.blinded("credential", *(_digest(value) for value in values))


def _digest(value: SensitiveBytes | None) -> str:
    return "" if value is None else sha256(value.view()).hex()
