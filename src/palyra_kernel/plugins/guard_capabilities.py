"""The guard of capabilities. What they are handed comes from a gateway, and what they return goes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, TypeVar

from palyra_kernel import __version__
from palyra_kernel.contracts.blobs import PROBE_SECONDS
from palyra_kernel.contracts.capabilities import Capability, CapabilityCall, CapabilityPlace, is_json
from palyra_kernel.errors import InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, said, shielded
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.plugins.registry import Offer
from palyra_kernel.values.deadline import Deadline

T = TypeVar("T")


class GuardedCapability(Capability):
    """A capability of an author, in a thread of its own. Errors besides the author's: :class:`InvalidInputError`
    ``input_too_large`` and ``invalid_input``; :class:`UnavailableError` ``plugin_failed``, ``output_too_large``,
    ``cancelled``, ``deadline``, ``closed``, ``circuit_open`` (too many calls hang) and ``no_thread``."""

    _cls: ClassVar[type[Capability]]
    _origin: ClassVar[Origin]

    def __init__(self, inner: Capability, who: str) -> None:
        self._inner = inner
        self._who = who
        self._closed = False

    @classmethod
    def open(cls, place: CapabilityPlace) -> Self:
        who = f"capability {cls.name!r} of {cls._origin}"
        return cls(shielded(who, "open", _open, cls._cls, place), who)

    def available(self) -> str | None:
        """None, or why not; one that fails, or does not say so in time, is not available. It never raises."""
        try:
            return self._run("available", Deadline.after(PROBE_SECONDS), _available)
        except PalyraError as error:
            return error.message

    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        if type(input) is not bytes or len(input) > self.max_input_bytes:
            raise InvalidInputError(
                "input_too_large", f"{self.name} takes at most {self.max_input_bytes:,} bytes"
            )
        if not is_json(input):
            raise InvalidInputError("invalid_input", f"the input of {self.name} is no JSON")
        call.check(self.name)
        return self._run("run", call.deadline, _run, input, call, self.max_output_bytes)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            shielded(self._who, "close", _close, self._inner)

    def _run(self, method: str, deadline: Deadline, call: Callable[..., T], *args: object) -> T:
        if self._closed:
            raise UnavailableError("closed", f"the {self._who} was closed")
        work = partial(shielded, self._who, method, call, self._inner, *args)
        return self._origin.threads.run(work, deadline, f"{method} of the {self._who}")


def capability_guard(cls: type[Capability], origin: Origin) -> type[GuardedCapability]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedCapability):
        name = cls.name
        sensitivity = cls.sensitivity
        max_input_bytes = cls.max_input_bytes
        max_output_bytes = cls.max_output_bytes
        _cls = cls
        _origin = origin

    return Guarded


def open_capabilities(
    offers: Mapping[str, Offer[Capability]], device: str, settings: Mapping[str, Mapping[str, Any]]
) -> dict[str, Capability]:
    """Open all capabilities of the node *device*, by name, each with its table of *settings*. Built-in ones are guarded
    too: what a gateway sends is checked in one place.

    Raises :class:`UnavailableError` ``plugin_failed`` and :class:`InvalidInputError` ``invalid_config``, also for a
    table of a capability that no enabled plugin brings. Those that were opened before an error are closed.
    """
    unknown = sorted(settings.keys() - offers.keys())
    if unknown:
        raise InvalidInputError(
            "invalid_config",
            f"no enabled plugin brings the capability {said(unknown[0], 80)}",
            hint="run `palyra plugins list`; enable the plugin, or remove the settings",
        )
    opened: dict[str, Capability] = {}
    try:
        for name in sorted(offers):
            place = CapabilityPlace(device=device, version=__version__, settings=settings.get(name, {}))
            opened[name] = capability_guard(offers[name].cls, offers[name].origin).open(place)
    except BaseException:
        close_capabilities(tuple(opened.values()))
        raise
    return opened


def close_capabilities(capabilities: Sequence[Capability]) -> None:
    """Close all of *capabilities*; the first error is raised when every one was tried."""
    failure: PalyraError | None = None
    for each in capabilities:
        try:
            each.close()
        except PalyraError as error:
            failure = failure or error
    if failure is not None:
        raise failure


# Each of these runs behind the shield: reading an answer may run code too.


def _open(cls: type[Capability], place: CapabilityPlace) -> Capability:
    inner: object = cls.open(place)
    if not isinstance(inner, Capability):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a capability")
    return inner


def _available(inner: Capability) -> str | None:
    answer: object = inner.available()
    if answer is None:
        return None
    if type(answer) is not str:
        raise WrongAnswer(f"a {type(answer).__name__} instead of text")
    return said(answer, 240) or "it does not say why"


def _run(inner: Capability, input: bytes, call: CapabilityCall, most: int) -> bytes:
    try:
        answer: object = inner.run(input, call)
    except (
        KeyboardInterrupt,
        SystemExit,
        GeneratorExit,
    ) as error:  # nobody sits at this thread: no end of the node
        raise WrongAnswer(type(error).__name__) from None
    if type(answer) is not bytes:
        raise WrongAnswer(f"a {said(type(answer).__name__, 80)} instead of bytes")
    if len(answer) > most:
        raise UnavailableError("output_too_large", f"the answer of {inner.name} has more than {most:,} bytes")
    if not is_json(answer):
        raise WrongAnswer("something that is no JSON")
    return answer


def _close(inner: Capability) -> None:
    answer: Any = inner.close()  # type: ignore[func-returns-value]  # what an author overrides it with
    nothing(answer)
