"""A new record key: everything is opened and sealed again, in one commit, so that there is never half of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.errors import IntegrityError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.guard import FORMAT, HeadDocument, changed_sets
from palyra_kernel.records.heads import HeadFile
from palyra_kernel.records.namespaces import HEAD_KEY, guarded_name
from palyra_kernel.records.records import Records, head_of
from palyra_kernel.records.seal import Sealer
from palyra_kernel.records.verify import verify_records

Move = Callable[[bytes, memoryview], tuple[bytes, bytes | memoryview] | None]
"""Gives the key and the document that a record has from now on, or None: it is deleted."""


def reseal(records: Records, keys: DerivedKeys, move: Move) -> None:
    """Seal every record under *keys*. The caller keeps other writers out; *records* cannot be used afterwards.

    What was tampered with would be sealed as if it were right, so
    everything is verified first. Raises :class:`IntegrityError` ``records_damaged``.
    """
    before = records.check_head()
    if any(finding.severity == "error" for finding in verify_records(records)):
        raise IntegrityError(
            "records_damaged",
            "the records are not all as they were written, and stay as they are",
            hint="palyra vault verify says which; restore the state root from a backup",
        )
    sealer = Sealer(keys)
    puts: list[StoredRecord] = []
    deletes: list[bytes] = []
    for stored in records.stored(b""):
        if stored.key == HEAD_KEY:
            continue
        with records.read_secret(stored) as secret, secret.view() as document:
            key, content = move(stored.key, document) or (None, b"")
            if key is not None:
                version = before.generation if guarded_name(key) else stored.version
                puts.append(sealer.seal(key, version + 1, content))
        if key != stored.key:
            deletes.append(stored.key)
    sets = changed_sets(keys, None, {}, puts, ()) or {}
    head = msgspec.json.encode(HeadDocument(FORMAT, before.generation + 1, sets))
    puts.append(sealer.seal(HEAD_KEY, before.generation + 1, head))
    heads = HeadFile(records.heads.path, keys)
    records.heads.hand_over(heads)
    records.store.commit({HEAD_KEY: before.generation}, puts, deletes)
    heads.adopt(head_of(puts[-1]))
    records.store.purge(deletes)
