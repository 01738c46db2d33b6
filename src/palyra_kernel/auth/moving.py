"""What a new root key moves: records are called by a keyed hash of the profile they are about."""

from __future__ import annotations

from palyra_kernel.auth.families import FAMILIES
from palyra_kernel.auth.families import decoded as family_of
from palyra_kernel.auth.registry import PROFILES
from palyra_kernel.auth.registry import decoded as profile_of
from palyra_kernel.auth.runtime import Blind
from palyra_kernel.auth.runtime import moved_keys as moved_states
from palyra_kernel.records import Records


def moved_keys(records: Records, blind: Blind) -> dict[bytes, bytes]:
    """For each record that is called after a profile the key that *blind*, of another root key, gives it. What cannot
    be understood keeps its own, and stays as damaged as it is."""
    moved = moved_states(records, blind)
    for namespace, decode in ((PROFILES, profile_of), (FAMILIES, family_of)):
        for stored in records.stored(namespace.prefix):
            found = decode(records.open(stored))
            if found is not None:
                moved[stored.key] = namespace.key(blind("auth profile", found.id))
    return moved
