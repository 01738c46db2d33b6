"""The parts without which the daemon is not ready to answer, each with a question that is cheap to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from palyra_kernel.daemon.apps.health import Check
from palyra_kernel.daemon.chores import Chores
from palyra_kernel.daemon.operating import Running
from palyra_kernel.identity.certificates.keys import parsed
from palyra_kernel.identity.certificates.times import end_ms


def checks(running: Running, chores: Chores, stopping: Callable[[], bool]) -> Mapping[str, Check]:
    """Each by its name: the records, who signs, what is shown, who watches revocations, what goes on in the background,
    and whether the daemon is about to end."""
    kernel = running.kernel

    def records() -> None:
        kernel.audit.head()

    def identity() -> str | None:
        state = kernel.identity.authority.state()
        expires = end_ms(parsed(state.signing.certificate))
        return "ca_expired" if expires <= kernel.identity.clock.now_ms() else None

    def certificates() -> str | None:
        now = kernel.identity.clock.now_ms()
        over = any(each.end_ms <= now for each in running.tls or ())
        return "server_certificate_expired" if over else None

    return {
        "records": records,
        "identity": identity,
        "certificates": certificates,
        "revocations": lambda: None if running.devices.accepting else "revocations_unknown",
        "background": lambda: next(iter(chores.troubles.values()), None),
        "refresher": lambda: kernel.auth.scheduler.troubles.get(""),
        "daemon": lambda: "stopping" if stopping() else None,
    }
