"""The nodes: paired devices that said what they run on and what they can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from palyra_kernel.errors import NotFoundError, PalyraError
from palyra_kernel.identity.kept import Kept
from palyra_kernel.identity.names import DeviceKind, device_id, device_kind
from palyra_kernel.nodes.active import active
from palyra_kernel.nodes.capability import Capability, capabilities, platform
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json

NODES = Namespace("nodes", guarded=True)
_FORMAT = 1


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A registration: what the device *said*. What it may be asked for is in its grants."""

    device: str
    kind: DeviceKind
    platform: str
    capabilities: tuple[Capability, ...]
    registered_ms: int
    changed_ms: int

    def __post_init__(self) -> None:
        device_id(self.device)
        device_kind(self.kind)
        platform(self.platform)
        capabilities(self.capabilities)

    def offers(self, capability: str) -> bool | None:
        """Whether *capability* can be had now; None: this node never has it."""
        return next((each.available for each in self.capabilities if each.name == capability), None)

    @property
    def degraded(self) -> bool:
        """Whether something that it has cannot be had now."""
        return not all(each.available for each in self.capabilities)


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    node: Node


class Registry:
    """Reads registrations; plans changes, commits none."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._kept: Kept[Node] = Kept(records, NODES, _decoded)

    def get(self, device: str) -> Node | None:
        """The registration of *device*, as any process has last committed it."""
        return self._kept.get(NODES.key(device_id(device)))

    def find(self, device: str) -> Node:
        """The same. Raises :class:`NotFoundError` ``node_missing``."""
        node = self.get(device)
        if node is None:
            raise NotFoundError(
                "node_missing", f"{device} has not registered as a node", hint="palyra nodes list"
            )
        return node

    def standing(self, change: Change, device: str) -> Node:
        """The same, for an act that holds only while *device* says what it says now."""
        row = self._kept.row(NODES.key(device_id(device)))
        if row.value is None:
            return self.find(device)
        change.check(NODES.key(device), row.version)
        return row.value

    def all(self) -> Iterator[Node]:
        """Every node, in no order."""
        for _, row in self._kept.all():
            if row.value is not None:
                yield row.value

    def plan_register(
        self, change: Change, device: str, *, platform: str, offered: Iterable[Capability], now_ms: int
    ) -> Node:
        """Add to *change*: *device*, a node or a desktop, runs on *platform* and has these capabilities. Whoever says
        what it said before writes nothing.

        Raises :class:`DeniedError` ``device_unknown``, ``wrong_device_kind``; :class:`InvalidInputError`
        ``invalid_platform``, ``invalid_capability``, ``invalid_capabilities``.
        """
        kind = active(self._records, change, device, "register").kind
        row = self._kept.row(NODES.key(device))
        known = row.value
        node = Node(
            device=device,
            kind=kind,
            platform=platform,
            capabilities=capabilities(offered),
            registered_ms=now_ms if known is None else known.registered_ms,
            changed_ms=now_ms,
        )
        if known is not None and msgspec.structs.replace(node, changed_ms=known.changed_ms) == known:
            return known
        document = msgspec.json.encode(_Document(format=_FORMAT, node=node))
        self._kept.plan(change, NODES.key(device), row.version, document)
        return node

    def plan_drop(self, change: Change, device: str) -> None:
        """Add to *change*: *device* is no node, whether or not it was one."""
        row = self._kept.row(NODES.key(device_id(device)))
        if row.value is not None:
            self._kept.plan(change, NODES.key(device), row.version, None)


def _decoded(document: bytes) -> Node | None:
    try:
        found = decode_json(document, _Document)
    except (msgspec.DecodeError, UnicodeDecodeError, PalyraError):
        return None
    return found.node if found.format == _FORMAT else None
