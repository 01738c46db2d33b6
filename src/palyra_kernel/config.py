"""Where things are, and what ``palyra.toml`` says. Strict: a key that we do not know is an error, not a default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from palyra_kernel.durable.files import read_file
from palyra_kernel.durable.folders import normal_path, private_folder
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.values.decoding import convert

CONFIG_FILE = "palyra.toml"
CONFIG_VARIABLE = "PALYRA_CONFIG_DIR"
STATE_VARIABLE = "PALYRA_STATE_ROOT"
MAX_VALUE_BYTES = 16 * 1024 * 1024
_MAX_CONFIG_BYTES = 1024 * 1024


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is from {low} to {high}")


class VaultConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[vault]``.

    ``backend``: the kind of blob backend for a new vault (an existing vault has its own pinned). Without it the
    only enabled one is taken. ``max_value_bytes``: largest secret, 1 to 16,777,216. ``versions_kept``: 1 to 1000.
    ``deadline_seconds``: how long one call may wait for locks and backends, 0.1 to 3600.
    """

    backend: str | None = None
    max_value_bytes: int = 65_536
    versions_kept: int = 10
    deadline_seconds: float = 30.0

    def __post_init__(self) -> None:
        _check_range("max_value_bytes", self.max_value_bytes, 1, MAX_VALUE_BYTES)
        _check_range("versions_kept", self.versions_kept, 1, 1000)
        _check_range("deadline_seconds", self.deadline_seconds, 0.1, 3600)


class BucketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[resolver.buckets.SCHEME]``: how often a remote source may be called.

    ``burst``: calls at once, 1 to 100,000. ``per_minute``: how many come back a minute, 0.01 to 100,000. The count
    survives restarts, so that a restart loop does not use up a provider's quota.
    """

    burst: int = 120
    per_minute: float = 60.0

    def __post_init__(self) -> None:
        _check_range("burst", self.burst, 1, 100_000)
        _check_range("per_minute", self.per_minute, 0.01, 100_000)


class ResolverConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[resolver]``.

    ``deadline_seconds``: how long one resolution may take, all sources and fallbacks together, 0.1 to 600.
    ``negative_seconds``: how long a remote source is not asked again after a failure, 0 to 3600; it doubles with each
    further one, up to sixteen times. ``buckets``: see :class:`BucketConfig`.
    """

    deadline_seconds: float = 10.0
    negative_seconds: float = 1.0
    buckets: dict[str, BucketConfig] = {}

    def __post_init__(self) -> None:
        _check_range("deadline_seconds", self.deadline_seconds, 0.1, 600)
        _check_range("negative_seconds", self.negative_seconds, 0, 3600)


class ApprovalsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[approvals]``.

    ``pending_seconds``: how long a request waits for an answer, 10 to 604,800. ``denied_seconds``: how long a denial is
    remembered, and an equal request refused without asking anybody, 0 to 86,400.
    """

    pending_seconds: int = 3600
    denied_seconds: int = 300

    def __post_init__(self) -> None:
        _check_range("pending_seconds", self.pending_seconds, 10, 604_800)
        _check_range("denied_seconds", self.denied_seconds, 0, 86_400)


class AuthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[auth]``.

    ``ca_file``: certificate authorities (PEM, an absolute path) that count for issuers and providers; without it those
    of the operating system do.
    """

    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.ca_file is not None and not Path(self.ca_file).is_absolute():
            raise ValueError("ca_file is an absolute path")


class IdentityConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[identity]``.

    ``trust_domain``: what this gateway calls itself in certificates, for a vault that has none yet; a host name in
    lower case. Without it a name is made from the id of the vault.
    """

    trust_domain: str | None = None


class RemoteConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[gateway.remote]``. ``acknowledged``: devices on other machines may connect; one of several
    conditions (``docs/daemon.md``)."""

    acknowledged: bool = False


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[gateway]``: what ``palyra serve`` listens to.

    ``enrolment``, ``work``, ``health``: ``HOST:PORT``; empty: there is no such listener. ``socket``: the path of the
    unix socket; None: in the state root. ``hosts``: names and addresses by which devices reach this
    machine; they go into its certificates. ``max_connections``: of all listeners together, 16 to 100,000.
    ``graceful_seconds``: how long requests may go on when it stops, 0.1 to 600.
    """

    enrolment: str = "127.0.0.1:7443"
    work: str = "127.0.0.1:7444"
    health: str = "127.0.0.1:7142"
    socket: str | None = None
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    max_connections: int = 4096
    graceful_seconds: float = 30.0
    remote: RemoteConfig = RemoteConfig()

    def __post_init__(self) -> None:
        _check_range("max_connections", self.max_connections, 16, 100_000)
        _check_range("graceful_seconds", self.graceful_seconds, 0.1, 600)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file ``palyra.toml``; every table has defaults. ``sources`` holds the settings of each secret source
    by its scheme; the source judges them when it is first asked. ``checks`` holds those of each policy check by its
    name; they are judged when the first session begins. ``capabilities`` holds those of what this machine does as a
    node, which are judged when the node starts. ``apps`` and ``listeners`` hold those of what plugins add to
    the daemon, which judges them when it starts. ``limits``: how often a principal may do something, by action;
    ``default`` is for the other actions of programs, and not for users of the operating system."""

    vault: VaultConfig = VaultConfig()
    resolver: ResolverConfig = ResolverConfig()
    approvals: ApprovalsConfig = ApprovalsConfig()
    auth: AuthConfig = AuthConfig()
    identity: IdentityConfig = IdentityConfig()
    gateway: GatewayConfig = GatewayConfig()
    sources: dict[str, dict[str, Any]] = {}
    checks: dict[str, dict[str, Any]] = {}
    capabilities: dict[str, dict[str, Any]] = {}
    apps: dict[str, dict[str, Any]] = {}
    listeners: dict[str, dict[str, Any]] = {}
    limits: dict[str, BucketConfig] = {}


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The two folders of an installation. A copied state root alone opens nothing."""

    state_root: Path
    config_dir: Path

    @property
    def key_folder(self) -> Path:
        """Key files of ``file`` slots."""
        return self.config_dir / "keys"

    @property
    def heads_folder(self) -> Path:
        """The last generation that this machine saw of each vault."""
        return self.config_dir / "heads"

    @property
    def objects_folder(self) -> Path:
        """What the blob backend keeps on disk."""
        return self.state_root / "objects"

    def prepare(self, *, create: bool) -> None:
        """Check both folders, and make them and their parts if *create*.

        Raises :class:`NotFoundError` ``folder_missing`` and :class:`DeniedError` ``unsafe_folder``.
        """
        for folder in (self.config_dir, self.state_root):
            private_folder(folder, create=create)
        for folder in (self.key_folder, self.heads_folder, self.objects_folder):
            if create or os.path.lexists(folder):
                private_folder(folder, create=create)


def find_places(
    state_root: str | os.PathLike[str] | None = None, config_dir: str | os.PathLike[str] | None = None
) -> Places:
    """Choose both folders: argument, then variable, then the platform's folder for applications."""
    return Places(
        state_root=_place(state_root, STATE_VARIABLE, "user_state_path"),
        config_dir=_place(config_dir, CONFIG_VARIABLE, "user_config_path"),
    )


def _place(given: str | os.PathLike[str] | None, variable: str, platform_name: str) -> Path:
    chosen = given if given is not None else os.environ.get(variable)
    if chosen is not None:
        return normal_path(chosen)
    import platformdirs  # only needed without flag and variable

    chosen = getattr(platformdirs, platform_name)("palyra", appauthor=False)
    if platformdirs.user_state_path("palyra", appauthor=False) == platformdirs.user_config_path(
        "palyra", appauthor=False
    ):
        chosen /= (
            "state" if platform_name == "user_state_path" else "config"
        )  # macOS and Windows have one folder
    return normal_path(chosen)


def read_config(config_dir: Path) -> Config:
    """Read ``palyra.toml``, or the defaults if there is none. Raises :class:`InvalidInputError` ``invalid_config``."""
    path = config_dir / CONFIG_FILE
    try:
        text = read_file(path, limit=_MAX_CONFIG_BYTES, private=False)
    except NotFoundError:
        return Config()
    try:
        return convert(_parse(text), Config)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            "invalid_config", f"{path}: {error}", hint="correct or remove that line"
        ) from None


def _parse(text: bytes) -> dict[str, Any]:
    import tomllib  # most runs have no file

    return tomllib.loads(text.decode())
