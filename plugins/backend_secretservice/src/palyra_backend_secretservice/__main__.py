"""Make the keyring ``Palyra`` in this desktop session, or unlock it. The desktop asks; nothing else of ours does."""

from __future__ import annotations

import sys
from contextlib import closing

from palyra_backend_secretservice.opening import new_service
from palyra_kernel import Deadline, PalyraError

_SECONDS = 300.0


def main() -> int:
    """Return the exit code: that of the error's class."""
    try:
        with closing(new_service()) as service:
            service.run(Deadline.after(_SECONDS), lambda link: link.make_ready(interactive=True))
    except PalyraError as error:
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)  # noqa: T201
        if error.hint is not None:
            print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    print("the keyring is there and unlocked")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
