"""From what is wanted to what is handed over: all references resolved in one pass, or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from palyra_kernel.cli.one_pass import one_pass, refusal
from palyra_kernel.cli.run.descriptors import as_descriptor
from palyra_kernel.cli.run.wanted import Wanted
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel import Resolution
    from palyra_kernel.resolve.resolver import OnePass


class Injected:
    """``env`` holds what goes into the environment, beside what is inherited if ``inherit``; None takes a variable out.
    ``files`` are values that are not written yet; ``descriptors`` are open. :meth:`drop` gives up what is left."""

    def __init__(self, *, inherit: bool) -> None:
        self.inherit = inherit
        self.env: dict[str, bytes | None] = {}
        self.files: dict[str, SensitiveBytes] = {}
        self.descriptors: list[int] = []

    def add(self, name: str, wanted: Wanted, value: SensitiveBytes) -> None:
        """Hand *value* over as *wanted*."""
        if wanted.way == "file":
            self.files[name] = SensitiveBytes(value.view())
        elif wanted.way == "fd":
            self.descriptors.append(as_descriptor(name, value))
            self.env[name] = b"/dev/fd/%d" % self.descriptors[-1]
        else:
            self.set(name, value.reveal())

    def set(self, name: str, value: bytes) -> None:
        """Put *value* into the environment."""
        if b"\0" in value:
            raise InvalidInputError(
                "nul_in_value",
                f"the value for {name} has a NUL byte, which no environment can hold",
                hint=f"--file {name}=REF and --fd {name}=REF can",
            )
        self.env[name] = value

    def drop(self) -> None:
        """Wipe and close everything."""
        for value in self.files.values():
            value.wipe()
        while self.descriptors:
            os.close(self.descriptors.pop())


def inject(resolver: OnePass, wanted: Mapping[str, Wanted], *, inherit: bool = True) -> Injected:
    """Resolve all of *wanted*. A reference that is missing and not required takes its variable out.

    Raises the error of the first reference that has no value; it names all of them.
    """
    refs = dict.fromkeys(each.what for each in wanted.values() if isinstance(each.what, SecretRef))
    injected = Injected(inherit=inherit)
    with one_pass(resolver, refs) as outcomes:
        _refuse_failed(wanted, outcomes)
        try:
            for name, each in wanted.items():
                if isinstance(each.what, str):
                    injected.set(name, each.what.encode())
                elif (value := outcomes[each.what].value) is not None:
                    injected.add(name, each, value)
                else:
                    injected.env[name] = None
        except BaseException:
            injected.drop()
            raise
    return injected


def _refuse_failed(wanted: Mapping[str, Wanted], outcomes: Mapping[SecretRef, Resolution]) -> None:
    failed = []
    for name, each in wanted.items():
        outcome = outcomes[each.what] if isinstance(each.what, SecretRef) else None
        if outcome is not None and outcome.error is not None and outcome.status != "missing":
            failed.append((name, outcome.error))
    if failed:
        raise refusal(failed, "nothing was started")
