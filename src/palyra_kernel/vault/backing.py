"""Which blob backend the vault has now. It may move to another one while programs have it open.

The record under ``BACKEND_KEY`` is written anew with each step of a move. Whatever a commit refers to was stored at one
version of it and applies only at that version: no write is acknowledged that went to a backend which is left behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from palyra_kernel.contracts.blobs import BlobBackend
from palyra_kernel.records import Namespace

BACKEND = Namespace("backend", guarded=True)
BACKEND_KEY = BACKEND.key("vault")


class Backing(NamedTuple):
    """An open backend, and the version of the record at which it is the vault's."""

    backend: BlobBackend
    version: int


Follow = Callable[[Backing], Backing]
"""Gives what the vault has now: the same, the same at a later version, or another backend, opened."""


def stays(backing: Backing) -> Backing:
    """For a vault that does not move."""
    return backing
