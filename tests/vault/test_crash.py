"""An error at any call of backend or store. Kills, real disks and real system calls: see ``tests/faults``."""

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.vault.verify import verify_vault
from tests.support import Parts

CALLS = {"backend": ["put", "get", "delete", "list"], "store": ["get", "scan", "commit"]}


@pytest.mark.parametrize("late", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("which", range(1, 40))
def test_an_error_at_any_call_of_backend_or_store(tmp_path, monkeypatch, which, late):
    """Hazard D10: the n-th call fails: old value or new value, and the vault goes on."""
    parts = Parts(tmp_path / "heads", keep=2)
    parts.vault.put("a", b"old")
    count = 0

    def failing(original):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            if count != which:
                return original(*args, **kwargs)
            if late:
                original(*args, **kwargs)
            raise UnavailableError("os_error", "injected")

        return call

    acts = [
        lambda: parts.vault.put("a", b"new"),
        lambda: parts.vault.put_many({"b": b"1", "c": b"2"}),
        lambda: parts.vault.rollback("a", 1),
        lambda: parts.vault.delete("a"),
        lambda: parts.vault.undelete("a"),
        lambda: parts.vault.gc(grace_seconds=0),
        lambda: parts.vault.destroy("c"),
    ]
    with monkeypatch.context() as patch:
        for owner, names in CALLS.items():
            for name in names:
                target = getattr(parts, owner)
                patch.setattr(target, name, failing(getattr(target, name)))
        done = 0
        for act in acts:
            try:
                act()
            except UnavailableError:
                break
            done += 1
    findings = verify_vault(parts.records, parts.index, parts.objects)
    assert {finding.code for finding in findings} <= {"orphans"}, (late, findings)
    parts.vault.put("a", b"after")
    assert parts.vault.get("a") == b"after"
    values = {item.ref.key for item in parts.vault.list()}
    if done < len(acts) - 1:  # the last act destroys one of the pair
        assert ("b" in values) == ("c" in values)
    assert ("b" in values) or done < 2
