"""The vendor in a process of its own, for tests whose own process has other work: many threads, a long race."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import msgspec

from tests.auth.grants import CLIENT, Family
from tests.auth.script import Step
from tests.auth.vendor import Seen, Vendor

_ROOT = Path(__file__).resolve().parents[2]


class RemoteVendor:
    """The methods of :class:`Vendor`, for whichever process knows its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = url.partition("//")[2]

    def issue(self, scopes: Iterable[str] = ("read",), client_id: str = CLIENT) -> tuple[str, str]:
        access, refresh = self._call("issue", tuple(scopes), client_id)
        return access, refresh

    def code(self, challenge: str, redirect_uri: str, scopes: Iterable[str] = ("read",)) -> str:
        return str(self._call("code", challenge, redirect_uri, tuple(scopes)))

    def family(self, token: str) -> Family:
        return msgspec.convert(self._call("family", token), Family)

    def expire(self, token: str) -> None:
        self._call("expire", token)

    def end(self, token: str) -> None:
        self._call("end", token)

    def works(self, access: str) -> bool:
        return self._call("works", access) is True

    def adjust(self, name: str, value: Any) -> None:
        self._call("adjust", name, value)

    def script(self, *steps: Step, path: str = "/token") -> None:
        self._call("script", *steps, path=path)

    def always(self, step: Step, path: str = "/token") -> None:
        self._call("always", step, path=path)

    def reached(self, gate: str = "gate", times: int = 1) -> None:
        self._call("reached", gate, times)

    def open(self, gate: str = "gate", times: int = 1) -> None:
        self._call("open", gate, times)

    @property
    def requests(self) -> list[Seen]:
        return msgspec.convert(self._call("requests"), list[Seen])

    @property
    def counts(self) -> Counter[str]:
        return Counter(self._call("counts"))

    @property
    def revoked_families(self) -> set[str]:
        return set(self._call("revoked_families"))

    @property
    def reused_families(self) -> set[str]:
        return set(self._call("reused_families"))

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        connection = HTTPConnection(self.host, timeout=60)
        try:
            connection.request("POST", f"/-/{name}", msgspec.json.encode((arguments, options)))
            return msgspec.json.decode(connection.getresponse().read())
        finally:
            connection.close()


class VendorProcess(RemoteVendor):
    """Starts it, and ends it with the block."""

    def __init__(self, *, lifetime: float = 3600) -> None:
        command = [sys.executable, "-m", "tests.auth.vendor_process", str(lifetime)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        super().__init__(self._process.stdout.readline().strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate("")  # its input ends, and so does it


if __name__ == "__main__":
    with Vendor(lifetime=float(sys.argv[1])) as vendor:
        print(vendor.url, flush=True)
        sys.stdin.read()
