"""Unlock the keychain, and use each item of ours once: macOS asks for what it wants to be told; nothing else of ours
lets it."""

from __future__ import annotations

import sys

from palyra_backend_keychain.keychain import PREFIX, Keychain, services
from palyra_kernel import Deadline, PalyraError

_SECONDS = 600.0


def main() -> int:
    """Return the exit code: that of the error's class."""
    deadline = Deadline.after(_SECONDS)
    used = 0
    try:
        Keychain(PREFIX, interactive=True).check_open(deadline)
        for service in services(deadline):
            items = Keychain(service, interactive=True)
            for account in items.accounts(deadline):
                used += items.find(account, deadline) is not None
    except PalyraError as error:
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)  # noqa: T201
        if error.hint is not None:
            print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    print(f"the keychain is unlocked; items of ours that this Python may use: {used}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
