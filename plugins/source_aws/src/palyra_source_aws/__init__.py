"""Resolves ``aws://NAME_OR_ARN``: secrets in AWS Secrets Manager, through boto3.

::

    pip install palyra-source-aws
    palyra plugins enable aws

**What it asks.** One secret with ``GetSecretValue``; several, up to twenty in one call, with ``BatchGetSecretValue``,
unless a version is named. Each call is made once, and never longer than its deadline: what is tried again, and how
often, is the kernel's.

**Who can read what.** AWS decides, by the credentials that it finds: those of ``[sources.aws]``, else those that the
``aws`` command would use. boto3 works with ordinary ``bytes`` and ``str``, which cannot be wiped.

**Least privilege.** A role that may do ``secretsmanager:GetSecretValue`` and ``secretsmanager:BatchGetSecretValue``,
on the secrets that are needed and on nothing else, and ``kms:Decrypt`` where they have a key of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Self

from palyra_kernel import (
    Deadline,
    SecretError,
    SecretRef,
    SecretSource,
    SensitiveBytes,
    SourceCapabilities,
    SourcePlace,
    hookimpl,
)
from palyra_source_aws.client import BATCH, Client, Entry, FailedError
from palyra_source_aws.failures import BAD_ANSWER, TOO_LARGE
from palyra_source_aws.settings import Settings
from palyra_source_aws.targets import is_about, refused, region_of

__all__ = ["AwsSource"]

# It may block: nothing bounds how long the system looks for an address, and how slowly an answer drips in.
_CAPABILITIES = SourceCapabilities(may_block=True, batch=True, cache="remote")
_VERSION = {"version_id": "VersionId", "version_stage": "VersionStage"}

Answers = dict[SecretRef, SensitiveBytes | SecretError]


class AwsSource(SecretSource):
    """Secrets of one account, by name, and of others by ARN."""

    scheme: ClassVar[str] = "aws"

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        return cls(Client(Settings.parse(place.settings)))

    def capabilities(self) -> SourceCapabilities:
        return _CAPABILITIES

    def batch_key(self, ref: SecretRef) -> str:
        """A call goes to one region."""
        return region_of(ref)

    def refuses(self, ref: SecretRef) -> SecretError | None:
        return refused(ref)

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        answers: Answers = {}
        newest: dict[tuple[str, str], list[SecretRef]] = {}  # references to other fields are the same secret
        for ref in refs:
            problem = refused(ref)
            if problem is not None:
                answers[ref] = problem
            elif ref.query:
                answers[ref] = self._one(ref, deadline)
            else:
                newest.setdefault((region_of(ref), ref.target), []).append(ref)
        for region in {region for region, _ in newest}:
            ids = [secret_id for where, secret_id in newest if where == region]
            for start in range(0, len(ids), BATCH):
                page = {each: newest[region, each] for each in ids[start : start + BATCH]}
                answers |= self._page(page, region, deadline)
        return answers

    def _page(self, page: Mapping[str, Sequence[SecretRef]], region: str, deadline: Deadline) -> Answers:
        """The answers for at most twenty secrets, each asked for by some references."""
        if len(page) == 1:  # which takes fewer rights, and is a call just the same
            ((first, *others),) = page.values()
            answer = self._asked(first, deadline)
            return {ref: _answer(ref, answer) for ref in (first, *others)}
        try:
            values, errors = self._client.batch(list(page), region, deadline)
        except FailedError as failed:
            return {ref: failed.answer for refs in page.values() for ref in refs}
        return {
            ref: _answer(ref, errors.get(secret_id) or _entry_of(secret_id, values))
            for secret_id, refs in page.items()
            for ref in refs
        }

    def _one(self, ref: SecretRef, deadline: Deadline) -> SensitiveBytes | SecretError:
        return _answer(ref, self._asked(ref, deadline))

    def _asked(self, ref: SecretRef, deadline: Deadline) -> Entry | SecretError:
        request = {"SecretId": ref.target} | {_VERSION[name]: value for name, value in ref.query.items()}
        try:
            return _entry_of(ref.target, [self._client.get(request, region_of(ref), deadline)])
        except FailedError as failed:
            return failed.answer

    def close(self) -> None:
        self._client.close()


def _entry_of(secret_id: str, values: Iterable[Entry]) -> Entry | SecretError:
    """The one that was asked for: the order of an answer is nobody's promise."""
    for entry in values:
        if is_about(secret_id, entry.get("Name"), entry.get("ARN")):
            return entry
    return BAD_ANSWER


def _answer(ref: SecretRef, found: Entry | SecretError) -> SensitiveBytes | SecretError:
    if isinstance(found, SecretError):
        return found
    value = found.get("SecretBinary", found.get("SecretString"))
    try:
        content = value.encode() if isinstance(value, str) else value
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say
        content = None
    if not isinstance(content, bytes):
        return BAD_ANSWER
    return TOO_LARGE if len(content) > ref.max_bytes else SensitiveBytes(content)


@hookimpl
def palyra_secret_sources() -> Sequence[type[SecretSource]]:
    return [AwsSource]
