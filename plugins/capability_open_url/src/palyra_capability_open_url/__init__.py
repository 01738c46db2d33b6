"""Opens a web page on a node, once somebody there agreed.

::

    pip install palyra-capability-open-url
    palyra plugins enable open_url

**What it takes.** An address of the web that means the same to whoever reads it and to the browser: :mod:`.address`.

**What it does not do.** It reads no page and brings nothing back. It does not ask: the kernel does, before it runs.
"""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from typing import Any, ClassVar, Literal

from palyra_capability_open_url.address import checked_address
from palyra_kernel import Capability, CapabilityCall, InvalidInputError, hookimpl

__all__ = ["OpenUrl"]

_NEW_TAB = 2


class OpenUrl(Capability):
    """Errors: ``invalid_input``. The browser of the desktop opens the page, in a tab of its own."""

    name: ClassVar[str] = "desktop.open_url"
    sensitivity: ClassVar[Literal["plain", "local_consent"]] = "local_consent"
    max_input_bytes: ClassVar[int] = 4096
    max_output_bytes: ClassVar[int] = 64

    def available(self) -> str | None:
        if sys.platform.startswith("linux") and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        ):
            return "there is no desktop"
        return None if _browser() else "there is no browser for a desktop"

    def run(self, input: bytes, call: CapabilityCall) -> bytes:
        address = checked_address(_url(input))
        browser = _browser()
        call.check(self.name)
        opened = browser is not None and browser.open(address, _NEW_TAB)
        return json.dumps({"opened": bool(opened)}).encode()


@hookimpl
def palyra_capabilities() -> list[type[Capability]]:
    return [OpenUrl]


def _url(input: bytes) -> str:
    given: Any = json.loads(input)
    if not isinstance(given, dict) or given.keys() != {"url"} or not isinstance(given["url"], str):
        raise InvalidInputError("invalid_input", 'the input is {"url": "https://…"}')
    return given["url"]


def _browser() -> webbrowser.BaseBrowser | None:
    """The one of the desktop; None where there is only one for a terminal."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return None
    in_a_terminal = isinstance(found, webbrowser.GenericBrowser) and not isinstance(
        found, webbrowser.BackgroundBrowser
    )
    return None if in_a_terminal else found
