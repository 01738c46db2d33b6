"""Named settings that do not change once they are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("the options of a reference do not change")


class Options(dict[str, str | int | bool]):
    """A dictionary that is read only, and in which ``1`` is not ``True``: a source may tell them apart."""

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and _typed(self) == _typed(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __reduce__(self) -> tuple[Any, ...]:
        return (Options, (dict(self),))


NO_OPTIONS = Options()


def _typed(options: Mapping[Any, Any]) -> dict[Any, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in options.items()}
