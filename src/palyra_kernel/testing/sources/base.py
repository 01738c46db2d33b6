"""What the rules for secret sources share: the fixtures to override, the knobs, and how the kernel asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import msgspec
import pytest

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.values import Deadline, SensitiveBytes
from palyra_kernel.values.secret_ref import SecretRef

Answer: TypeAlias = SensitiveBytes | SecretError
Store: TypeAlias = Callable[[str, bytes], str | SecretRef | Mapping[str, Any]]


class SourceRules:
    """The knobs are class attributes: set them in your subclass."""

    absent: ClassVar[str] = ""
    """A well-formed reference of your scheme that names nothing. Set this."""

    malformed: ClassVar[Sequence[str]] = ()
    """References of your scheme that can never name anything: a name that your store forbids, an unknown query."""

    largest: ClassVar[int] = 65_536
    """The largest value that the kit stores; less if the store takes less."""

    unstorable: ClassVar[Sequence[str]] = ()
    """The names of the contents that the store itself refuses: ``empty``, ``nul-inside``, ``not-utf8``, …"""

    many: ClassVar[int] = 45
    """How many references make a long batch: more than one page of your store."""

    threads: ClassVar[int] = 8

    patience: ClassVar[float] = 10.0
    """Seconds that a call may go on behind its deadline, before the kit says that it hangs."""

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        """What your source is opened with, as in ``[sources.SCHEME]``. None unless you override this."""
        return {}

    @pytest.fixture
    def source(self, settings: Mapping[str, Any]) -> SecretSource:
        """Your source, opened with *settings*. Override this."""
        raise NotImplementedError(
            "override the fixture `source`: return YourSource.open(SourcePlace(settings=settings))"
        )

    @pytest.fixture
    def store(self) -> Store:
        """A function: put these bytes under this name (``a-z 0-9 -``) into the real store, in place of what was there,
        and return the reference. Override this."""
        raise NotImplementedError(
            "override the fixture `store`: return a function (name, value) -> reference"
        )

    @pytest.fixture
    def stuck(self) -> SecretSource | None:
        """A source whose store takes ``absent`` and never answers; None if your store cannot keep anybody waiting."""
        return None

    @pytest.fixture
    def nothing(self) -> SecretRef:
        """The reference ``absent``. Override this if it is known only when the test runs."""
        assert self.absent, "set `absent` to a reference that names nothing"
        return SecretRef.parse(self.absent)

    @pytest.fixture
    def wrong_refs(self) -> Sequence[SecretRef]:
        """The references ``malformed``."""
        if not self.malformed:
            pytest.skip("malformed is empty")
        return [SecretRef.parse(text) for text in self.malformed]

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, source: SecretSource) -> Iterator[None]:
        yield
        source.close()


def put(store: Store, value: bytes, name: str = "", *, max_bytes: int | None = None) -> SecretRef:
    """The reference to *value*, stored under *name* or a new one, that takes at most *max_bytes*."""
    ref = SecretRef.parse(store(name or new_name(), value))
    return ref if max_bytes is None else msgspec.structs.replace(ref, max_bytes=max_bytes)


def ask(source: SecretSource, *refs: SecretRef, deadline: Deadline | None = None) -> dict[SecretRef, Answer]:
    """Ask as the kernel does: together what may come together, else one by one."""
    answers: dict[SecretRef, Answer] = {}
    for group in grouped(source, refs):
        answers |= source.resolve(group, deadline or soon())
    return answers


def grouped(source: SecretSource, refs: Sequence[SecretRef]) -> list[list[SecretRef]]:
    """*refs* as the calls in which the kernel would ask for them."""
    if not source.capabilities().batch:
        return [[ref] for ref in refs]
    groups: dict[str, list[SecretRef]] = {}
    for ref in refs:
        groups.setdefault(source.batch_key(ref), []).append(ref)
    return list(groups.values())


def value_of(answer: Answer) -> bytes:
    """The bytes of an answer that must be a value."""
    assert not isinstance(answer, SecretError), f"refused: {answer.kind} {answer.code}"
    return answer.reveal()


def error_of(answer: Answer) -> SecretError:
    """The error of an answer that must be one."""
    assert isinstance(answer, SecretError), "answered with a value"
    return answer


def new_name() -> str:
    """A name that was never used."""
    return f"palyra-{secrets.token_hex(6)}"


def soon() -> Deadline:
    """A deadline that no healthy call reaches."""
    return Deadline.after(30.0)


def past() -> Deadline:
    """A deadline that is over."""
    return Deadline.after(-1.0)
