"""The guard of apps. What they raise ends one request, and what they send is what an app may send."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

from palyra_kernel.contracts.apps import AppPlace, AsgiApp, Receive, Scope, Send
from palyra_kernel.errors import DeniedError, InvalidInputError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, said, shielded
from palyra_kernel.plugins.registry import Offer
from palyra_kernel.values.principals import Principal

FOLDER = "/apps"
Begin = Callable[[Principal, str], AbstractContextManager[Any]]
"""Begins a session of a principal, for a purpose."""
Who = Callable[[Mapping[str, Any]], Principal]
"""Who sent a request; raises :class:`DeniedError`."""

_asking: ContextVar[Principal] = ContextVar("asking")
_is_field = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]{1,256}").fullmatch
_GIVEN = ("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "headers")


class GuardedApp:
    """An app of an author. Errors of ours pass as copies; any other ends its request with ``plugin_failed``, and if it
    has begun to answer, in the middle of that."""

    def __init__(self, offer: Offer[AsgiApp], settings: Mapping[str, Any], begin: Begin, who: Who) -> None:
        self.name, self.door = offer.key, offer.cls.door
        self.path = f"{FOLDER}/{offer.key}"
        """Where it is mounted."""
        self._who = f"app {offer.key!r} of {offer.origin}"
        self._peer = who
        self._begin = begin
        place = AppPlace(session=self._session, settings=settings)
        self._inner: AsgiApp = shielded(self._who, "open", _open, offer.cls, place)
        self._closed = False

    def _session(self, purpose: str) -> AbstractContextManager[Any]:
        principal = _asking.get(None)
        if principal is None:
            raise DeniedError("no_request", "an app acts for whoever sent the request that it answers")
        return self._begin(principal, purpose)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises :class:`UnavailableError` ``plugin_failed`` where nothing was sent yet."""
        principal = self._peer(scope)
        given = {name: scope[name] for name in _GIVEN if name in scope}
        given |= {"root_path": self.path, "principal": str(principal), "extensions": {}, "state": {}}
        sending = _Sending(send)
        asked = _asking.set(principal)
        failure: str | None = None
        try:
            await self._inner(given, receive, sending)
            if not sending.begun:
                failure = "no answer"
        except (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError) as error:
            if isinstance(error, SystemExit):
                failure = "SystemExit"
            else:
                raise
        except BaseException as error:  # noqa: BLE001  # panics of Rust extensions are no Exception
            failure = type(error).__name__
        finally:
            _asking.reset(asked)
        if failure is not None and not sending.begun:
            raise UnavailableError("plugin_failed", f"the {self._who} failed: {said(failure, 80)}")

    def close(self) -> None:
        """See :class:`AsgiApp`."""
        if not self._closed:
            self._closed = True
            shielded(self._who, "close", _close, self._inner)


class _Sending:
    """What an app sends, if it is what one may send. Anything else is as if it had raised."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "http.response.start" and not self.begun:
            await self._send({"type": kind, **_head(message)})
            self.begun = True
        elif kind == "http.response.body" and self.begun:
            body, more = message.get("body", b""), message.get("more_body", False)
            if not isinstance(body, bytes) or type(more) is not bool:
                raise WrongAnswer("a body that is no bytes")
            await self._send({"type": kind, "body": body, "more_body": more})
        else:
            raise WrongAnswer("a message that has no place here")


def _head(message: Mapping[str, Any]) -> dict[str, Any]:
    status, headers = message.get("status"), list(message.get("headers", ()))
    if type(status) is not int or not 200 <= status <= 599:
        raise WrongAnswer("a status that is none")
    for name, value in headers:
        if not (isinstance(name, bytes) and _is_field(name) and isinstance(value, bytes)):
            raise WrongAnswer("a header that is none")
        if any(each < 0x20 and each != 0x09 for each in value):
            raise WrongAnswer("a header with a control character")
    return {"status": status, "headers": [(name, value) for name, value in headers]}


def open_apps(
    offers: Mapping[str, Offer[AsgiApp]],
    settings: Mapping[str, Mapping[str, Any]],
    begin: Begin,
    who: Who,
) -> tuple[GuardedApp, ...]:
    """Open all apps, by name, each with its table of *settings*.

    Raises :class:`UnavailableError` ``plugin_failed`` and :class:`InvalidInputError` ``invalid_config``, also for a
    table of an app that no enabled plugin brings. Those that were opened before an error are closed.
    """
    check_tables("apps", "app", offers, settings)
    opened: list[GuardedApp] = []
    try:
        opened.extend(GuardedApp(offers[name], settings.get(name, {}), begin, who) for name in sorted(offers))
    except BaseException:
        for each in opened:
            each.close()
        raise
    return tuple(opened)


def check_tables(
    table: str, what: str, offers: Mapping[str, object], settings: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise :class:`InvalidInputError` ``invalid_config`` for settings of something that is not there."""
    unknown = sorted(settings.keys() - offers.keys())
    if unknown:
        raise InvalidInputError(
            "invalid_config",
            f"[{table}.{said(unknown[0], 80)}]: no enabled plugin brings this {what}",
            hint="run `palyra plugins list`; enable the plugin, or correct or remove the table",
        )


def _open(cls: type[AsgiApp], place: AppPlace) -> AsgiApp:
    inner: object = cls.open(place)
    if not isinstance(inner, AsgiApp):
        raise WrongAnswer(f"a {type(inner).__name__} instead of an app")
    return inner


def _close(inner: AsgiApp) -> None:
    answer: Any = inner.close()  # type: ignore[func-returns-value]  # what an author overrides it with
    nothing(answer)
