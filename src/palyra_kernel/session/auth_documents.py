"""Profiles as TOML documents, as far as the principal of a session may write and read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from msgspec.structs import replace

from palyra_kernel.auth.cooldowns import MAX_RETRY_AFTER_MS
from palyra_kernel.auth.documents.exporting import Exported, exported
from palyra_kernel.auth.documents.importing import Applied, ImportPlan, Secrets, planned, to_do
from palyra_kernel.auth.documents.kept import KeptStore
from palyra_kernel.auth.documents.planning import Step
from palyra_kernel.auth.documents.row import Row, TokenFacts
from palyra_kernel.auth.documents.runtime import merged
from palyra_kernel.auth.documents.runtime_plan import RuntimePlan
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.profile import ApiKey
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.errors import DeniedError, NotFoundError, PalyraError
from palyra_kernel.records import Change
from palyra_kernel.session.auth import SessionAuth
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.secrets import SessionSecrets
from palyra_kernel.values.decisions import VAULT


class SessionDocuments:
    """Exports, and imports by plan. Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError`."""

    def __init__(
        self, gate: Gate, auth: AuthProfiles, profiles: SessionAuth, secrets: SessionSecrets
    ) -> None:
        self._gate = gate
        self._auth = auth
        self._profiles = profiles
        self._secrets = secrets

    def export(self) -> Exported:
        """Both documents. Two exports of the same state are the same text, and no secret is in it."""
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            documents = exported(self._auth.parts)
        self._gate.settle([permit])
        return documents

    def plan(
        self, registry: bytes | None = None, runtime: bytes | None = None, *, base: Exported | None = None
    ) -> ImportPlan:
        """What importing these would do; nothing is done. *base*: the export that was edited; then only what differs
        from it counts.

        Raises :class:`InvalidInputError` ``invalid_document``, ``document_too_large`` and ``unsupported_version`` for
        *registry*. A *runtime* that cannot be read is reported in the plan.
        """
        permit = self._gate.enter("profile.list", VAULT)
        with self._gate.watched([permit]):
            plan = planned(self._auth.parts, registry, runtime, base)
        self._gate.settle([permit])
        return replace(plan, secrets=dict(self._found(plan)))

    def apply(self, plan: ImportPlan) -> list[Applied]:
        """Do what *plan* says: each profile in a commit of its own, so that importing again goes on where it stopped.
        One that is refused, here or by somebody's policy, keeps no other from being imported."""
        done = [
            self._imported(step, row, plan.secrets.get(step.id, "none"))
            for step, row in to_do(plan)
            if step.act != "same" or plan.secrets.get(step.id) == "found"
        ]
        steps = plan.registry.steps if plan.registry else ()
        refused = [step for step in steps if step.act == "refused"]
        done += [Applied(id=step.id, act="refused", code=step.code, message=step.message) for step in refused]
        self._rest(plan)
        return sorted(done, key=lambda each: each.id)

    def _found(self, plan: ImportPlan) -> Iterator[tuple[str, Secrets]]:
        for step, row in to_do(plan):
            if row.secrets and not (plan.edited and step.act == "same"):
                yield step.id, self._secrets_of(row)

    def _secrets_of(self, row: Row) -> Secrets:
        if self._auth.parts.families.read(row.profile.id)[1].stored:
            return "stored"
        try:
            for ref in row.secrets.values():
                self._secrets.check(ref)
        except NotFoundError:
            return "missing"
        except DeniedError:
            return "found"  # whoever may not look may not read either: that profile is refused when it is imported
        return "found"

    def _imported(self, step: Step, row: Row, secrets: Secrets) -> Applied:
        left: tuple[str, ...] = ()
        try:
            if secrets == "found":
                with self._credential(row) as credential:
                    self._profiles.save(row.profile, credential, expected_ms=step.version)
                self._carry_over(row)
                left = self._forget(row)
            else:
                self._profiles.save(row.profile, expected_ms=step.version)
        except PalyraError as error:
            return Applied(id=step.id, act="refused", code=error.code, message=error.message, secrets=secrets)
        return Applied(id=step.id, act=step.act, secrets=secrets, left=left)

    @contextmanager
    def _credential(self, row: Row) -> Iterator[NewCredential]:
        """What the vault has under the names of the profile's own, each read as a decision allows it."""
        with ExitStack() as opened:
            values = {
                suffix: opened.enter_context(self._secrets.get(ref)) for suffix, ref in row.secrets.items()
            }
            if isinstance(row.profile.credential, ApiKey):
                yield NewCredential(key=values["api_key"])
                return
            reply = TokenReply(
                access_token=values["oauth_access_token"],
                refresh_token=values["oauth_refresh_token"],
                expires_in=self._lifetime(row.facts),
                scopes=row.profile.facts().scopes,
            )
            yield NewCredential(reply=reply, client_secret=values.get("oauth_client_secret"))

    def _lifetime(self, facts: TokenFacts) -> int | None:
        """Seconds that the token has left as the document says; one for a token that is too old: it is refreshed before
        it is used."""
        if not facts.expires_at_ms:
            return None
        return max((facts.expires_at_ms - self._auth.parts.clock.now_ms()) // 1000, 1)

    def _carry_over(self, row: Row) -> None:
        """What refreshing came to elsewhere: whoever had to wait there waits here."""
        facts, now = row.facts, self._auth.parts.clock.now_ms()

        def edit(family: Family) -> Family:
            return replace(
                family,
                refresh_failures=facts.failure_count,
                gate_ms=min(facts.next_allowed_refresh_ms, now + MAX_RETRY_AFTER_MS),
                last_refresh_ms=min(facts.last_success_ms, now),
            )

        self._auth.parts.families.update(row.profile.id, edit)

    def _forget(self, row: Row) -> tuple[str, ...]:
        """Delete what was moved; the references of what could not be."""
        left = []
        for ref in row.secrets.values():
            try:
                self._secrets.delete(ref)
            except PalyraError:
                left.append(str(ref))
        return tuple(left)

    def _rest(self, plan: ImportPlan) -> None:
        """Orders, defaults, what use has shown, and what means nothing here."""
        runtime, known = plan.runtime or RuntimePlan(), self._auth.parts.registry.snapshot().by_id
        kept = KeptStore(self._auth.parts.records)
        if runtime.empty and plan.kept(kept.read()) == kept.read():
            return
        permit = self._gate.enter("profile.manage", VAULT, arguments=_shown(runtime))

        def whole() -> Change:
            change = Change()
            self._auth.parts.chosen.plan(change, runtime.edit)
            kept.plan(change, plan.kept)
            change.merge(self._gate.beside([permit]))
            return change

        with self._gate.watched([permit]):
            self._gate.commit(whole)
        for each, state in runtime.states.items():
            if each in known:
                with suppress(PalyraError):  # disposable: what cannot be written is learned anew
                    self._auth.parts.states.amend(each, partial(merged, read=state))


def _shown(plan: RuntimePlan) -> dict[str, object]:
    """What is imported, as an approval shows it."""
    return {"act": "import", "lines": list(plan.lines())}
