"""What an import will do, and doing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import click

from palyra_kernel.cli.secrets.import_files import Named
from palyra_kernel.errors import ConflictError, NotFoundError, PalyraError

if TYPE_CHECKING:
    from palyra_kernel.session import SessionSecrets
    from palyra_kernel.values.scopes import VaultScope

BATCH = 1000


class Plan(NamedTuple):
    """The entries by what happens to them."""

    new: list[Named]
    changed: list[Named]
    unchanged: list[Named]


def plan_import(secrets: SessionSecrets, scope: VaultScope, items: Sequence[Named]) -> Plan:
    """Compare with what is stored. Only values of the same length are decrypted, and compared in constant time."""
    known = {metadata.ref: metadata for metadata in secrets.list(scope, deleted=True)}
    plan = Plan([], [], [])
    for item in items:
        metadata = known.get(item.ref)
        if metadata is None:
            plan.new.append(item)
        elif metadata.deleted_at is None and metadata.size == len(item.value) and _same(secrets, item):
            plan.unchanged.append(item)
        else:
            plan.changed.append(item)
    return plan


def refuse_existing_secrets(secrets: SessionSecrets, scope: VaultScope, items: Sequence[Named]) -> None:
    """For ``--create-only``: raise :class:`ConflictError` ``exists`` before anything is asked or stored."""
    known = {metadata.ref for metadata in secrets.list(scope)}
    there = [item.ref for item in items if item.ref in known]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise ConflictError("exists", f"{there[0]}{more} exist already", hint="nothing was stored")


def store(secrets: SessionSecrets, items: Sequence[Named], *, create_only: bool) -> None:
    """Store in batches, each all or nothing; says how far it came if one fails."""
    done = 0
    with _progress(len(items)) as advance:
        left = iter(items)
        while batch := list(islice(left, BATCH)):
            try:
                secrets.put_many({item.ref: item.value for item in batch}, create_only=create_only)
            except PalyraError:
                if done:
                    click.echo(
                        f"palyra: {done} of {len(items)} were stored; importing again goes on there", err=True
                    )
                raise
            done += len(batch)
            advance(len(batch))


def _same(secrets: SessionSecrets, item: Named) -> bool:
    try:
        with secrets.get(item.ref) as stored:
            return stored == item.value
    except NotFoundError:  # expired or destroyed: to be stored again
        return False


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    if total <= BATCH or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("storing", total=total)
        yield lambda count: bar.advance(task, count)
