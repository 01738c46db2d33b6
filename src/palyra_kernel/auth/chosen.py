"""Where orders and defaults are kept: in one record, which changes by compare-and-set."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

CHOICES = Namespace("auth_choices", guarded=True)
_KEY = CHOICES.key("all")
_FORMAT = 1


class _Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scope: str
    provider: str
    ids: tuple[str, ...]


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    orders: tuple[_Order, ...]
    defaults: tuple[_Order, ...]


class Chosen:
    """Reads the choices again only where they changed; plans changes, commits none."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._seen: tuple[object, int, Choices] | None = None

    def read(self) -> Choices:
        """What is chosen now. Raises :class:`IntegrityError` ``set_tampered``, ``choices_damaged``."""
        return self._now()[1]

    def plan(self, change: Change, edit: Callable[[Choices], Choices]) -> Choices:
        """Add to *change*: the choices are what *edit* makes of them; return that."""
        version, choices = self._now()
        edited = edit(choices)
        if edited != choices:
            change.check(_KEY, version)
            change.put(_KEY, _encoded(edited))
        return edited

    def _now(self) -> tuple[int, Choices]:
        state = self._records.set_state(CHOICES)
        seen = self._seen  # one read: another thread may replace it meanwhile
        if seen is None or seen[0] != state:
            found = self._records.load_guarded(CHOICES)
            if [stored.key for stored in found] not in ([], [_KEY]):
                raise _damaged()
            version = found[0].version if found else self._records.read(_KEY).version
            choices = _decoded(self._records.open(found[0])) if found else Choices()
            seen = self._seen = state, version, choices
        return seen[1], seen[2]


def _encoded(choices: Choices) -> bytes:
    orders = (
        _Order(scope=str(scope), provider=str(provider), ids=ids)
        for (scope, provider), ids in sorted(choices.orders.items())
    )
    defaults = (
        _Order(scope=str(scope), provider=str(provider), ids=(each,))
        for (scope, provider), each in sorted(choices.defaults.items())
    )
    return msgspec.json.encode(_Document(format=_FORMAT, orders=tuple(orders), defaults=tuple(defaults)))


def _decoded(document: bytes) -> Choices:
    try:
        found = decode_json(document, _Document)
        if found.format != _FORMAT:
            raise _damaged()
        return Choices(
            orders={_place(each): each.ids for each in found.orders},
            defaults={_place(each): each.ids[0] for each in found.defaults if each.ids},
        )
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        raise _damaged() from None


def _place(order: _Order) -> tuple[ProfileScope, Provider]:
    return ProfileScope.parse(order.scope), Provider.parse(order.provider)


def _damaged() -> IntegrityError:
    return IntegrityError(
        "choices_damaged", "the record of orders and defaults is damaged", hint="palyra auth profiles doctor"
    )
