"""A template: bytes, with places for secrets in them.

``{{ REF }}`` is a place, ``{{ REF | FILTER }}`` one whose value is written in another form; both stand in one line.
``\\{{`` is a literal ``{{``. Everything else is kept byte for byte. A ``|`` divides REF from filters, so REF has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from palyra_kernel.cli.render.filters import FILTERS, NotFittingError
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

_MARK = re.compile(rb"\\\{\{|\{\{(?:([^\r\n]{0,40000}?)\}\})?")  # the longest reference has 8,192 characters
_SHOWN = 20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Place(NamedTuple):
    """Where a value goes."""

    line: int
    ref: SecretRef
    filters: tuple[str, ...]


class Template(NamedTuple):
    """What stands between places, one piece more than there are places."""

    pieces: Sequence[bytes]
    places: Sequence[Place]


def parse(data: bytes) -> Template:
    """Raises :class:`InvalidInputError` ``invalid_template``, which names every wrong line."""
    if data.startswith(_UTF_16):
        raise _invalid(["it is UTF-16: save it as UTF-8"])
    pieces, places, problems = [bytearray()], list[Place](), list[str]()
    end, line = 0, 1
    for mark in _MARK.finditer(data):
        between = data[end : mark.start()]
        pieces[-1] += between
        end, line = mark.end(), line + between.count(b"\n")
        if mark[0].startswith(b"\\"):
            pieces[-1] += b"{{"
            continue
        try:
            places.append(_place(line, mark[1]))
        except PalyraError as error:
            problems.append(f"line {line}: {error.message}")
            if len(problems) == _SHOWN:
                break
        pieces.append(bytearray())
    pieces[-1] += data[end:]
    if problems:
        raise _invalid(problems)
    return Template([bytes(piece) for piece in pieces], places)


def filled(template: Template, values: Mapping[SecretRef, SensitiveBytes]) -> bytearray:
    """The template with its values; wipe it. Values are not looked at for places.

    Raises :class:`InvalidInputError` ``not_fitting`` for values that a filter cannot write, naming lines.
    """
    out, problems = bytearray(template.pieces[0]), list[str]()
    for place, piece in zip(template.places, template.pieces[1:], strict=True):
        value = values[place.ref].reveal()
        try:
            for name in place.filters:
                value = FILTERS[name](value)
        except NotFittingError as error:
            problems.append(f"line {place.line}: {error}")
            continue
        out += value
        out += piece
    if problems:
        out[:] = bytes(len(out))
        raise InvalidInputError("not_fitting", "\n  ".join(problems), hint="nothing was written")
    return out


def _place(line: int, inside: bytes | None) -> Place:
    if inside is None:
        raise InvalidInputError("invalid_template", "{{ is not closed in its line")
    try:
        ref, *filters = (part.strip() for part in inside.decode().split("|"))
    except UnicodeDecodeError:
        raise InvalidInputError("invalid_template", "what stands between {{ and }} is not UTF-8") from None
    if unknown := [name for name in filters if name not in FILTERS]:
        known = ", ".join(FILTERS)
        # Not shown if it cannot be a name: it may be anything.
        shown = unknown[0] if unknown[0].isidentifier() and len(unknown[0]) <= 20 else "this"
        raise InvalidInputError("invalid_template", f"{shown} is not a filter; there are {known}")
    return Place(line, SecretRef.parse(ref), tuple(filters))


def _invalid(problems: Sequence[str]) -> InvalidInputError:
    hint = "write \\{{ where {{ is meant as it stands"
    return InvalidInputError("invalid_template", "\n  ".join(problems), hint=hint)
