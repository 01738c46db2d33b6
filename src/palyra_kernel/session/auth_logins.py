"""How the principal of a session logs in and out: every act is decided, and committed together with its event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import msgspec

from palyra_kernel.auth.login.api_key import Checked
from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.login.callback import Opened
from palyra_kernel.auth.login.device import Shown
from palyra_kernel.auth.login.discovering import discovered_profile
from palyra_kernel.auth.login.logout import LoggedOut
from palyra_kernel.auth.login.service import Tidied
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.errors import NotFoundError
from palyra_kernel.records import Change
from palyra_kernel.session.auth import SAVED
from palyra_kernel.session.gate import NOTHING, Gate, Permit
from palyra_kernel.session.profile_facts import labels_of, reaches, resource_of
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import VAULT
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.findings import Finding
from palyra_kernel.values.sensitive import SensitiveBytes

REVOKED = {"act": "auth.profile.revoked"}


class SessionLogins:
    """Logins of one session: whoever began one ends it. Each method raises :class:`DeniedError`,
    :class:`ApprovalRequiredError`, and what the method of :class:`Logins` raises."""

    def __init__(self, gate: Gate, auth: AuthProfiles) -> None:
        self._gate = gate
        self._auth = auth
        self._logins = auth.logins
        self._owner = f"{gate.who.principal}/{gate.who.session}"

    def find_endpoints(self, profile: Profile, *, deadline: Deadline | None = None) -> Profile:
        """*profile*, not saved yet, with the endpoints and usual scopes that its issuer names: asks the issuer.
        See :func:`discovered_profile`."""
        permit = self._entered("profile.manage", profile, {"act": "discover", "profile": _shown(profile)})
        with self._gate.watched([permit]):
            found = discovered_profile(self._auth.parts.issuers, profile, deadline)
        self._gate.settle([permit])
        return found

    def begin(
        self, wanted: Wanted, *, redirect_uri: str, client_secret: SensitiveBytes | None = None
    ) -> Opened:
        """See :meth:`CodeLogin.begin`. What a human has to approve is asked for before anybody logs in. A profile that
        logs in again has its client's secret, unless another one is given."""
        permits = self._permits(wanted)
        with self._gate.watched(permits), self._secret(wanted, client_secret) as secret:
            return self._logins.code.begin(
                wanted, owner=self._owner, redirect_uri=redirect_uri, client_secret=secret
            )

    def is_ours(self, url: str, id: str) -> bool:
        """See :meth:`CodeLogin.is_ours`."""
        return self._logins.code.is_ours(url, id)

    def complete(self, url: str, *, deadline: Deadline | None = None) -> Profile:
        """End the login that *url* belongs to. See :meth:`CodeLogin.complete`."""
        permits = self._permits(self._logins.code.begun(url, owner=self._owner).wanted)
        with self._gate.watched(permits):
            return self._logins.code.complete(
                url, owner=self._owner, deadline=deadline, beside=lambda _: self._gate.beside(permits)
            )

    def begin_device(self, wanted: Wanted, *, client_secret: SensitiveBytes | None = None) -> Shown:
        """See :meth:`DeviceLogin.begin`."""
        permits = self._permits(wanted)
        with self._gate.watched(permits), self._secret(wanted, client_secret) as secret:
            return self._logins.device.begin(wanted, owner=self._owner, client_secret=secret)

    def wait_device(self, id: str, *, deadline: Deadline | None = None) -> Profile:
        """See :meth:`DeviceLogin.wait`."""
        permits = self._permits(self._logins.find(id, owner=self._owner).wanted)
        with self._gate.watched(permits):
            return self._logins.device.wait(
                id, owner=self._owner, deadline=deadline, beside=lambda _: self._gate.beside(permits)
            )

    def cancel(self, id: str) -> None:
        """Give the login *id* up, of either kind; nothing of it is left."""
        self._logins.code.cancel(id, owner=self._owner)

    def add_key(self, wanted: Wanted, key: SensitiveBytes, *, check: bool = True) -> Checked:
        """See :func:`add_key`."""
        blinded = self._gate.blinded("credential", sha256(key.view()).hex())
        permits = self._permits(wanted, credential=blinded)
        with self._gate.watched(permits):
            return self._logins.add_key(wanted, key, check=check, beside=lambda _: self._gate.beside(permits))

    def logout(self, id: str) -> LoggedOut:
        """See :meth:`Logout.remove`."""
        profile = self._auth.parts.registry.find(id)
        permit = self._entered("profile.manage", profile, {"act": "logout"}, REVOKED)

        def beside() -> Change:
            return self._gate.beside([permit])

        with self._gate.watched([permit]):
            return self._logins.logout(profile.id, beside=beside)

    def tidy(self) -> Tidied:
        """See :meth:`Logins.tidy`."""
        permit = self._gate.enter("profile.manage", VAULT, arguments={"act": "tidy"})
        self._gate.settle([permit])
        with self._gate.watched([permit]):
            return self._logins.tidy()

    def findings(self) -> Sequence[Finding]:
        """Revocations that wait: tokens that nobody here uses, and that their issuer may still take."""
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            waiting = self._logins.revocations.waiting()
        self._gate.settle([permit])
        return [
            Finding(
                severity="warning",
                code="revocation_waiting",
                subject=f"profile {each.profile.id}",
                message=f"its issuer was told {each.tries} times to revoke it, and has not done it ({each.last})",
                hint="palyra auth profiles doctor --tidy",
            )
            for each in waiting
        ]

    @contextmanager
    def _secret(self, wanted: Wanted, given: SensitiveBytes | None) -> Iterator[SensitiveBytes | None]:
        profile = wanted.profile
        known = isinstance(profile.credential, OAuthLogin) and profile.credential.client_secret
        if given is not None or not known or not profile.updated_at_ms:
            yield given
            return
        with ExitStack() as stack:
            kept: SensitiveBytes | None = None
            with suppress(NotFoundError):  # it was erased; whoever needs it says so
                kept = stack.enter_context(self._auth.parts.tokens.value("client", profile.id))
            yield kept

    def _permits(self, wanted: Wanted, **more: Any) -> Sequence[Permit]:
        """Saving the profile; and, where it is there and would send its credential elsewhere, that too."""
        profile = wanted.profile
        what = {"act": "login", "profile": _shown(profile), "default": wanted.default, **more}
        permits = [self._entered("profile.manage", profile, what, SAVED)]
        old = self._auth.parts.registry.row(profile.id).value
        if old is not None and reaches(old) != reaches(profile):
            permits.append(self._entered("profile.endpoint", profile, {"endpoints": reaches(profile)}))
        return permits

    def _entered(
        self, action: str, profile: Profile, arguments: object, details: Mapping[str, str] = NOTHING
    ) -> Permit:
        return self._gate.enter(
            action, resource_of(profile), arguments=arguments, labels=labels_of(profile), details=details
        )


def _shown(profile: Profile) -> object:
    return msgspec.to_builtins(profile)
