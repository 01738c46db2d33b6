"""The process whose memory is searched, with commands for its resolver."""

import sys

from palyra_kernel.values.secret_ref import SecretRef
from tests.memory import actor


class Actor(actor.Actor):
    def resolve(self, *refs: str) -> None:
        """Each reference with policies and fallbacks of its own, as callers do it that wipe what they got."""
        assert self.kernel is not None
        tables = [
            SecretRef.parse({"ref": ref, "max_stale_seconds": 600, "fallback": ["none"]}) for ref in refs
        ]
        with self.kernel.resolver.run() as run:
            for outcome in (*run.resolve_many(refs).values(), *run.resolve_many(tables).values()):
                with outcome:
                    assert outcome.status == "resolved", outcome.error
        self.kernel.resolver.states()

    def reload(self) -> None:
        assert self.kernel is not None
        assert self.kernel.resolver.reload().failed == 0

    def hold(self, ref: str) -> None:
        """A run that never ends, and an outcome that nobody wipes."""
        assert self.kernel is not None
        run = self.kernel.resolver.run()
        kept = SecretRef.parse(
            {"ref": ref, "snapshot_policy": "refresh_per_run", "refresh_policy": "per_use"}
        )
        run.resolve(kept)
        self.runs = [*getattr(self, "runs", []), run]


if __name__ == "__main__":
    actor.Actor = Actor  # type: ignore[misc]  # main makes the one that it finds
    actor.main(sys.argv[1])
