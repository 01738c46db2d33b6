"""Is what a hook returned a class that the kernel can build and call?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from palyra_kernel.plugins.hooks import is_deferred, refused
from palyra_kernel.plugins.names import is_key, shown
from palyra_kernel.plugins.origin import Origin

T = TypeVar("T")


def check_class(offered: object, contract: type[T], origin: Origin, hook: str) -> type[T]:
    """Return *offered* as a class of *contract*, or raise :class:`UnavailableError` ``plugin_refused``.

    It inherits from the contract (being registered with it is not enough: the concrete methods would be missing),
    has no abstract method left, and none of its methods is a coroutine.
    """
    hint = f"{hook} returns classes that inherit from palyra_kernel.{contract.__name__}"
    if not isinstance(offered, type):
        raise refused(origin, f"{hook} returned a {type(offered).__name__} instead of a class", hint)
    name = shown(offered.__name__, 80)
    if contract not in offered.__mro__:
        raise refused(origin, f"{name} is not a {contract.__name__}", hint)
    if inspect.isabstract(offered):
        open_methods = ", ".join(sorted(getattr(offered, "__abstractmethods__", ())))
        raise refused(origin, f"{name} does not implement {shown(open_methods)}", hint)
    for method in vars(contract):
        if not method.startswith("_") and is_deferred(_plain(offered, method)):
            raise refused(
                origin, f"{name}.{method} is a coroutine or generator", "implement it as a plain function"
            )
    _check_attributes(offered, contract, origin)
    return offered


def _are_params(params: object) -> bool:
    if not isinstance(params, dict):
        return False
    return all(type(name) is str and type(value) in (str, int) for name, value in params.items())


def _are_transforms(given: object) -> bool:
    if given == ():
        return True
    from palyra_kernel.values.secret_ref import is_transform  # most plugins bring no source

    return isinstance(given, tuple) and all(type(each) is str and is_transform(each) for each in given)


def _are_hosts(hosts: object) -> bool:
    return isinstance(hosts, tuple) and all(type(host) is str and 0 < len(host) <= 300 for host in hosts)


def _is_size(size: object) -> bool:
    if type(size) is not int:
        return False
    from palyra_kernel.contracts.capabilities import MOST_BYTES  # most plugins bring no capability

    return 1 <= size <= MOST_BYTES


def _check_attributes(cls: type[object], contract: type[object], origin: Origin) -> None:
    """What the kernel sorts by and prints before anything is opened."""
    strength: object = getattr(cls, "strength", 0)
    device_bound: object = getattr(cls, "device_bound", False)
    weak: object = getattr(cls, "weak", None)
    params: object = getattr(cls, "default_params", {})
    transforms: object = getattr(cls, "default_transforms", ())
    for name, fits in (
        ("strength", type(strength) is int and 0 <= strength <= 100),
        ("device_bound", type(device_bound) is bool),
        ("may_block", type(getattr(cls, "may_block", False)) is bool),
        ("single", type(getattr(cls, "single", False)) is bool),
        ("wraps_publicly", type(getattr(cls, "wraps_publicly", False)) is bool),
        ("default_params", _are_params(params)),
        ("default_transforms", _are_transforms(transforms)),
        ("fragment_is_id", type(getattr(cls, "fragment_is_id", False)) is bool),
        ("hosts", _are_hosts(getattr(cls, "hosts", ()))),
        ("sensitivity", getattr(cls, "sensitivity", "plain") in ("plain", "local_consent")),
        ("door", getattr(cls, "door", None) in ("local", "work")),
        ("max_input_bytes", _is_size(getattr(cls, "max_input_bytes", None))),
        ("max_output_bytes", _is_size(getattr(cls, "max_output_bytes", None))),
        ("weak", weak is None or (isinstance(weak, str) and bool(weak))),
    ):
        declared = hasattr(contract, name) or name in getattr(contract, "__annotations__", ())
        if declared and not fits:
            raise refused(
                origin,
                f"{shown(cls.__name__, 80)}.{name} is not what its contract allows",
                "see the contract",
            )


def key_of(cls: type[object], key_name: str, origin: Origin, legal: Callable[[str], bool] = is_key) -> str:
    """Return the key under which *cls* is found, or raise :class:`UnavailableError` ``plugin_refused``."""
    key = getattr(cls, key_name, None)
    if not isinstance(key, str) or not legal(key):
        raise refused(
            origin,
            f"{shown(cls.__name__, 80)}.{key_name} is not a legal key",
            "a key is lower-case letters, digits and '_', and starts with a letter"
            + ("" if legal is is_key else "; '.' and '-' may stand in it"),
        )
    return key


def _plain(cls: type[object], method: str) -> object:
    """The function behind a method, a class method or a static method."""
    found = inspect.getattr_static(cls, method, None)
    return found.__func__ if isinstance(found, classmethod | staticmethod) else found
