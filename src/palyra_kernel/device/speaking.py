"""What a node says to its gateway, one thing at a time, over a connection that is made anew where it has to be."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import msgspec

from palyra_kernel.device.connecting import unwelcome
from palyra_kernel.device.wire import Registered, said
from palyra_kernel.device.work import Report
from palyra_kernel.device.work_door import Connected, WorkDoor, answer
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.net.messages import HttpResponse

_BEAT = b"{}"


class Answer(NamedTuple):
    """``code``: why it was not taken, in the gateway's word."""

    status: int
    code: str = ""

    @property
    def taken(self) -> bool:
        """Whether the gateway has it."""
        return self.status == 200


class _Named(msgspec.Struct, frozen=True):
    code: str = ""


class _Failure(msgspec.Struct, frozen=True):
    error: _Named = _Named()


class Speaker:
    """For any number of threads, of which one speaks at a time. Every method raises what :meth:`WorkDoor.connected` and
    :meth:`Link.send` raise."""

    def __init__(self, work: WorkDoor) -> None:
        self._work = work
        self._lock = Lock()
        self._connected: Connected | None = None

    def use(self, connected: Connected) -> None:
        """*connected* is spoken over from now on, and closed here."""
        with self._lock:
            self._put_down()
            self._connected = connected

    def register(self, document: bytes) -> tuple[bytes, ...]:
        """What this node is; the grants that it has."""
        response = self._send("/v1/node/register", document)
        return answer(response, Registered, "the gateway").grants

    def beat(self) -> None:
        """That this node is there."""
        response = self._send("/v1/node/beat", _BEAT)
        with response:
            if response.status != 200:
                raise unwelcome(response, "the gateway")

    def report(self, report: Report) -> Answer:
        """What becomes of a lease. Raises :class:`UnavailableError` ``gateway_failed`` where the answer is neither yes
        nor no."""
        response = self._send(f"/v1/node/leases/{report.lease}", said(report))
        with response:
            if response.status == 200:
                return Answer(200)
            code = _code(response)
            if response.status == 429 or response.status >= 500 or not code:
                raise unwelcome(response, "the gateway")
            return Answer(response.status, code)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._put_down()

    def _send(self, path: str, body: bytes) -> HttpResponse:
        """Everything that nodes say may be said twice: so a connection that was cut is worth a second one."""
        with self._lock:
            if self._connected is not None and self._connected.link.usable:
                try:
                    return self._connected.link.send("POST", path, body=body)
                except UnavailableError:
                    pass  # it had been closed meanwhile, as connections are that nobody used
            self._put_down()
            self._connected = self._work.connected()
            return self._connected.link.send("POST", path, body=body)

    def _put_down(self) -> None:
        connected, self._connected = self._connected, None
        if connected is not None:
            connected.link.close()


def _code(response: HttpResponse) -> str:
    try:
        return str(response.json(_Failure).error.code)
    except IntegrityError:
        return ""
