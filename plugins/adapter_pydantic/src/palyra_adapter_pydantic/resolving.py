"""From references in the data of a settings class to their values, in one batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from palyra_adapter_pydantic.walking import Location, Value, mapped, with_defaults
from palyra_kernel import PalyraError

if TYPE_CHECKING:
    from palyra_kernel import Kernel, Resolution, Session

SCHEMES: Collection[str] = ("vault", "env", "file", "exec")
"""What is taken for a reference unless more, or less, is named."""


class Resolver(Protocol):
    """What resolves: ``kernel.resolver``, or a double of it in a test."""

    def resolve_many(self, refs: Iterable[str], /) -> Mapping[str, Resolution]:
        """Resolve each of *refs*; an outcome for each, under the text that was given."""


def resolved(
    model: type[BaseModel],
    data: Mapping[str, Any],
    resolver: Resolver | Kernel | None,
    schemes: Collection[str],
) -> dict[str, Any]:
    """*data*, and the defaults of *model* that are references, with a value for each reference.

    Raises :class:`ValidationError` with field and code of each that has none.
    """
    found: dict[Location, str] = {}

    def note(text: str, at: Location) -> str:
        if _is_reference(text, schemes):
            found[at] = text
        return text

    filled = with_defaults(model, data, lambda default: _has_reference(default, schemes))
    mapped(filled, note)
    if not found:
        return filled
    values, failures = _asked(found, resolver)
    if failures:
        raise ValidationError.from_exception_data(model.__name__, failures, hide_input=True)
    replaced: dict[str, Any] = mapped(filled, lambda text, _at: values.get(text, text))
    return replaced


def _asked(
    found: Mapping[Location, str], resolver: Resolver | Kernel | None
) -> tuple[dict[str, str | bytes], list[InitErrorDetails]]:
    """The values by their references, and what pydantic is to say of the others."""
    values: dict[str, str | bytes] = {}
    failures: list[InitErrorDetails] = []
    with _open(resolver) as asked, ExitStack() as wiped:
        outcomes = asked.resolve_many(dict.fromkeys(found.values()))
        for outcome in outcomes.values():
            wiped.enter_context(outcome)
        for at, ref in found.items():
            try:
                values[ref] = _text(outcomes[ref].unwrap().reveal())
            except PalyraError as error:
                failures.append(_failure(at, error))
    return values, failures


@contextmanager
def _open(resolver: Resolver | Kernel | None) -> Iterator[Resolver]:
    from palyra_kernel import Kernel  # here: settings without a reference need none of it

    if resolver is None:
        with Kernel.open() as kernel, _session(kernel) as session:
            yield session.resolver
    elif isinstance(resolver, Kernel):
        with _session(resolver) as session:
            yield session.resolver
    else:
        yield resolver


def _session(kernel: Kernel) -> Session:
    """As the user of the operating system; the values become settings, out of our hands."""
    from palyra_kernel import system_principal

    return kernel.session(system_principal(), purpose="settings", surface="adapter", reveals=True)


def _is_reference(text: str, schemes: Collection[str]) -> bool:
    scheme, colon, _ = text.partition("://")
    return bool(colon) and scheme in schemes


def _has_reference(value: Any, schemes: Collection[str]) -> bool:
    seen: list[bool] = []

    def look(text: str, _at: Location) -> str:
        seen.append(_is_reference(text, schemes))
        return text

    mapped(value, look)
    return any(seen)


def _text(value: bytes) -> Value | bytes:
    """Text where it is text; ``SecretBytes`` take the rest."""
    try:
        return Value(value.decode())
    except UnicodeDecodeError:
        return value


def _failure(at: Location, error: PalyraError) -> InitErrorDetails:
    said = {"code": error.code, "message": error.message}
    kind = PydanticCustomError(error.code, "{code}: {message}", said)
    return InitErrorDetails(type=kind, loc=at, input=None)
