"""``bundle.toml``: the lists that rules look up."""

from __future__ import annotations

from typing import Annotated

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bounds import refused
from palyra_kernel.policy.schema import Actions
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.refs import VaultRef

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Names = Annotated[tuple[_Name, ...], msgspec.Meta(max_length=10_000)]

_CODE = "bundle_data"
BUILT_IN_CAPABILITIES = ("ProcessExec", "Network", "SecretsRead", "FilesystemRead", "FilesystemWrite")


class ToolData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a tool, whatever a request says."""

    capabilities: _Names = ()


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Each list is compared exactly, name by name. ``tool_principals`` and ``tool_channels``: empty means everybody."""

    allowed_tools: _Names = ()
    allowed_skills: _Names = ()
    tool_principals: _Names = ()
    tool_channels: _Names = ()
    marked_refs: _Names = ()
    sensitive_actions: _Names = ()
    sensitive_capabilities: _Names = BUILT_IN_CAPABILITIES
    asked_node_capabilities: _Names = ()
    tools: dict[_Name, ToolData] = {}


class Facts:
    """Data, ready to be looked up."""

    def __init__(self, data: Data, actions: Actions) -> None:
        self.data = data
        self.tools = frozenset(data.allowed_tools)
        self.skills = frozenset(data.allowed_skills)
        self.principals = frozenset(data.tool_principals)
        self.channels = frozenset(data.tool_channels)
        self.marked = frozenset(str(VaultRef.parse(ref).bare) for ref in data.marked_refs)
        self.sensitive_actions = frozenset[str]().union(
            *map(actions.below.__getitem__, data.sensitive_actions)
        )
        self.sensitive_capabilities = frozenset(data.sensitive_capabilities)
        self.asked_of_nodes = self.sensitive_capabilities | frozenset(data.asked_node_capabilities)
        self.capabilities = {name: frozenset(tool.capabilities) for name, tool in data.tools.items()}


def read_data(text: str, file: str, actions: Actions) -> Facts:
    """Parse *text*. Raises :class:`InvalidInputError` ``bundle_data``."""
    try:
        data = msgspec.toml.decode(text.encode(), type=Data)
        for action in data.sensitive_actions:
            if action not in actions.below:
                raise _wrong(file, f"sensitive_actions: there is no action {action[:64]!r}")
        for principal in data.tool_principals:
            Principal.parse(principal)
        if any(Principal.parse(channel).kind != "channel" for channel in data.tool_channels):
            raise _wrong(file, "tool_channels has channels only, like channel:slack:T1")
        return Facts(data, actions)
    except InvalidInputError as error:
        raise error if error.code == _CODE else _wrong(file, error.message) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _wrong(file, str(error)) from None


def _wrong(file: str, message: str) -> InvalidInputError:
    return refused(_CODE, f"{file}: {message}")
