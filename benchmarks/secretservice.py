"""One read from the Secret Service: ours on its open connection, beside secretstorage's own and keyring's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from tests.desktop import INSTALL, Desktop, new_desktop, present

_BLOB = b"x" * 566
_ID = "0" * 32
_PATIENCE = 60.0


def rows(scale: Scale) -> Iterator[Row]:
    """A blob of the size of a small envelope, in a keyring that holds it and what the others need."""
    if not present():
        print(f"not measured: the Secret Service; {INSTALL}", file=sys.stderr)
        return
    with new_desktop() as desktop, _environment(desktop.environment):
        desktop.start()
        desktop.make_keyring()
        for pair in _pairs(desktop, scale):
            yield measure(pair, scale)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables, PATH=before.get("PATH", ""))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _pairs(desktop: Desktop, scale: Scale) -> Iterator[Pair]:
    from keyring.backends.SecretService import Keyring
    from secretstorage.util import open_session

    from palyra_backend_secretservice import SecretServiceBackend
    from palyra_kernel import BlobPlace, Deadline

    backend = SecretServiceBackend.open(BlobPlace(folder=Path(), vault_id="0" * 32))
    backend.put({_ID: _BLOB}, Deadline.after(_PATIENCE))
    peer: Any = Keyring()
    peer.set_password("service", "name", _BLOB.decode())
    calls = scale.calls(200)
    ours = Side("get", lambda _: backend.get([_ID], Deadline.after(_PATIENCE)), calls)
    with desktop.collection() as collection:
        collection.session = open_session(collection.connection)  # else each item makes one of its own
        (held,) = collection.search_items({"object": _ID})

        def find_and_read(_: int) -> bytes:
            (item,) = collection.search_items({"object": _ID})
            secret: bytes = item.get_secret()
            return secret

        yield Pair("get", 1, ours, Side("secretstorage: search_items, get_secret", find_and_read, calls))
        read = Side("secretstorage: get_secret of an item at hand", lambda _: held.get_secret(), calls)
        yield Pair("get", 1, ours, read)
        name = "keyring get_password"
        yield Pair(
            "get", 1, ours, Side(name, lambda _: peer.get_password("service", "name"), scale.calls(50))
        )
    backend.close()
