"""The guard of secret sources. What they return leaves the kernel as a secret, under the name that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, TypeVar, get_args

from palyra_kernel.contracts.sources import (
    ErrorGroup,
    ErrorKind,
    SecretError,
    SecretSource,
    SourceCapabilities,
    SourcePlace,
)
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, said, shielded
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

T = TypeVar("T")
Answers = Mapping[SecretRef, SensitiveBytes | SecretError]

_KINDS = frozenset(get_args(ErrorKind))
_GROUPS = frozenset(get_args(ErrorGroup))
_MOST_SECONDS = 86_400.0


class GuardedSecretSource(SecretSource):
    """A source of an author. Errors besides the contract's: :class:`InvalidInputError` ``invalid_reference``,
    :class:`UnavailableError` ``plugin_failed``, ``closed`` and, where the source declares ``may_block``,
    ``deadline`` and ``circuit_open``."""

    _cls: ClassVar[type[SecretSource]]
    _origin: ClassVar[Origin]

    def __init__(self, inner: SecretSource, capabilities: SourceCapabilities, who: str) -> None:
        self._inner = inner
        self._capabilities = capabilities
        self._who = who
        self._closed = False

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        who = f"secret source {cls.scheme!r} of {cls._origin}"
        inner = shielded(who, "open", _open, cls._cls, place)
        return cls(inner, shielded(who, "capabilities", _capabilities, inner), who)

    def capabilities(self) -> SourceCapabilities:
        """What the source answered when it was opened."""
        return self._capabilities

    def resolve(self, refs: Sequence[SecretRef], deadline: Deadline) -> Answers:
        asked = tuple(refs)
        if any(type(ref) is not SecretRef or ref.scheme != self.scheme for ref in asked):
            raise InvalidInputError("invalid_reference", f"not references of the scheme {self.scheme!r}")
        return self._run("resolve", deadline, _resolve, asked, deadline) if asked else {}

    def batch_key(self, ref: SecretRef) -> str:
        return self._run("batch_key", None, _batch_key, ref)

    def refuses(self, ref: SecretRef) -> SecretError | None:
        return self._run("refuses", None, _refuses, ref)

    def close(self) -> None:
        if not self._closed:
            try:
                self._run("close", None, _close)
            finally:
                self._closed = True

    def _run(self, method: str, deadline: Deadline | None, call: Callable[..., T], *args: object) -> T:
        if self._closed:
            raise UnavailableError("closed", f"the {self._who} was closed")
        if deadline is None or not self._capabilities.may_block:
            return shielded(self._who, method, call, self._inner, *args)
        work = partial(shielded, self._who, method, call, self._inner, *args)
        return self._origin.threads.run(work, deadline, f"{method} of the {self._who}")


def source_guard(cls: type[SecretSource], origin: Origin) -> type[SecretSource]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedSecretSource):
        scheme = cls.scheme
        default_transforms = cls.default_transforms
        fragment_is_id = cls.fragment_is_id
        _cls = cls
        _origin = origin

    return Guarded


# Each of these runs behind the shield, and in the thread where there is one: reading an answer may run code too.


def _open(cls: type[SecretSource], place: SourcePlace) -> SecretSource:
    inner: object = cls.open(place)
    if not isinstance(inner, SecretSource):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a source")
    return inner


def _capabilities(inner: SecretSource) -> SourceCapabilities:
    answer: Any = inner.capabilities()
    if not isinstance(answer, SourceCapabilities):
        raise WrongAnswer(f"a {type(answer).__name__} instead of SourceCapabilities")
    if type(answer.may_block) is not bool or type(answer.batch) is not bool:
        raise WrongAnswer("may_block or batch is neither true nor false")
    if answer.cache not in ("local", "remote"):
        raise WrongAnswer("cache is neither local nor remote")
    return answer


def _resolve(inner: SecretSource, refs: tuple[SecretRef, ...], deadline: Deadline) -> Answers:
    answer: Any = inner.resolve(refs, deadline)
    if not isinstance(answer, Mapping):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a mapping")
    answers = dict(answer)
    if answers.keys() - set(refs):
        raise WrongAnswer("something that was not asked for")
    try:
        return {ref: _answer(ref, answers.get(ref)) for ref in refs}
    finally:
        for given in answers.values():
            if type(given) is SensitiveBytes:
                given.wipe()


def _answer(ref: SecretRef, answer: object) -> SensitiveBytes | SecretError:
    """One bad answer is that reference's own failure: the others of the batch are not its users. A value is copied:
    two references may have come with the same buffer, and the source may still hold it."""
    if type(answer) is SensitiveBytes:
        if len(answer) <= ref.max_bytes:
            return _copy(answer)
        return SecretError(
            kind="too_large", code="too_large", message=f"the value has more than {ref.max_bytes} bytes"
        )
    if type(answer) is SecretError:
        return _error(answer)
    what = "no answer" if answer is None else f"a {said(type(answer).__name__, 80)}"
    return _wrong(f"{what} instead of SensitiveBytes or SecretError")


def _copy(value: SensitiveBytes) -> SensitiveBytes | SecretError:
    try:
        return SensitiveBytes(value.view())
    except InvalidInputError:
        return _wrong("a value that was wiped before")


def _error(error: SecretError) -> SecretError:
    """*error* with nothing in it that is not what it should be: its words may quote a value that lives."""
    texts = (error.kind, error.code, error.message)
    perhaps = (error.hint, error.group)
    are_texts = all(type(text) is str for text in texts) and all(
        isinstance(text, str | None) for text in perhaps
    )
    if not are_texts or error.kind not in _KINDS:
        return _wrong("a SecretError that is none")
    return SecretError(
        kind=error.kind,
        code=said(error.code, 64),
        message=said(error.message, 500),
        hint=said(error.hint, 500) if error.hint else None,
        retry_after_seconds=_wait(error.retry_after_seconds),
        group=error.group if error.group in _GROUPS else None,
    )


def _wait(after: object) -> float | None:
    if isinstance(after, int | float) and type(after) is not bool and after >= 0:
        return float(min(after, _MOST_SECONDS))
    return None


def _wrong(why: str) -> SecretError:
    return SecretError(
        kind="io",
        code="plugin_failed",
        message=f"the source gave a wrong answer: {why}",
        hint="report it to the plugin's author",
    )


def _batch_key(inner: SecretSource, ref: SecretRef) -> str:
    answer: Any = inner.batch_key(ref)
    if type(answer) is not str:
        raise WrongAnswer(f"a {type(answer).__name__} instead of text")
    return answer


def _refuses(inner: SecretSource, ref: SecretRef) -> SecretError | None:
    answer: Any = inner.refuses(ref)
    if answer is None:
        return None
    if type(answer) is not SecretError:
        raise WrongAnswer(f"a {type(answer).__name__} instead of a SecretError")
    return _error(answer)


def _close(inner: SecretSource) -> None:
    answer: Any = inner.close()  # type: ignore[func-returns-value]  # what an author overrides it with
    nothing(answer)
