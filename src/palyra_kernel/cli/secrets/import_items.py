"""What a file to import holds, and what is wrong in it."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One entry of a file."""

    where: str
    name: str
    value: bytes


class Problem(NamedTuple):
    """Something wrong in a file. ``why`` never contains text of the file."""

    where: str
    why: str
