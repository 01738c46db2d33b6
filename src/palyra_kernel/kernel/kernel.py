"""The kernel object: one open vault with the plugins that serve it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from palyra_kernel.auth import builtin as builtin_auth
from palyra_kernel.config import Config, Places, find_places, read_config
from palyra_kernel.contracts import Unlock
from palyra_kernel.device import builtin as builtin_capabilities
from palyra_kernel.durable.folders import exists, private_folder
from palyra_kernel.kernel.backing import Backends
from palyra_kernel.kernel.lending import Lending
from palyra_kernel.kernel.making import NewSlot, make_vault, vault_exists
from palyra_kernel.kernel.offers import protector_finder
from palyra_kernel.kernel.opening import Consent, Opened, missing_vault, open_objects, open_vault
from palyra_kernel.kernel.slots import SlotKeeper, with_key_folder
from palyra_kernel.keys import builtin as builtin_keys
from palyra_kernel.plugins import PluginHost
from palyra_kernel.records import sqlite as builtin_records
from palyra_kernel.resolve import builtin as builtin_sources
from palyra_kernel.values.findings import Finding
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from palyra_kernel.audit import Audit
    from palyra_kernel.auth.service import AuthProfiles
    from palyra_kernel.device.service import ThisDevice
    from palyra_kernel.identity.service import Identity
    from palyra_kernel.kernel.backup import BackupReport, OpenVault, RestoreReport
    from palyra_kernel.kernel.backup import Progress as BackupProgress
    from palyra_kernel.kernel.migrating import Migration, MigrationPlan, MigrationReport
    from palyra_kernel.kernel.status import VaultStatus
    from palyra_kernel.policy.store import PolicyStore
    from palyra_kernel.resolve.resolver import SecretResolver
    from palyra_kernel.session import Services, Session
    from palyra_kernel.session.who import Facts
    from palyra_kernel.values.principals import Principal
    from palyra_kernel.values.sensitive import SensitiveBytes
    from palyra_kernel.vault.rekey import RekeyReport
    from palyra_kernel.vault.verify import Progress

BUILTINS = (builtin_keys, builtin_records, builtin_sources, builtin_auth, builtin_capabilities)
FILE_SLOT = (NewSlot("file", Unlock()),)


class Kernel(Lending):
    """An open vault. Open it once for each process, use it from any thread, close it or use ``with``."""

    def __init__(self, places: Places, config: Config, host: PluginHost, opened: Opened) -> None:
        self.places = places
        self.config = config
        self.plugins = host
        self.vault_id = opened.keyring.vault_id
        self._records = opened.records
        self._backends = Backends(places, host.registry, opened.records, opened.place_id)
        self._objects, self._index = open_objects(config, self._backends, opened)
        self.vault = Vault(
            self._records, self._index, self._objects, versions_kept=config.vault.versions_kept
        )
        """The secrets. Mechanism: nothing is asked before a call and nothing is logged after it."""
        self.slots = SlotKeeper(places, self._records, protector_finder(host.registry))
        """The ways to open the vault."""
        self._policy: PolicyStore | None = None
        self._resolver: SecretResolver | None = None
        self._audit: Audit | None = None
        self._auth: AuthProfiles | None = None
        self._identity: Identity | None = None
        self._device: ThisDevice | None = None
        self._services: Services | None = None
        self._making = RLock()

    @property
    def backend_kind(self) -> str:
        """The kind of the blob backend that the vault has, as far as this process knows."""
        return self._objects.backend.kind

    @property
    def resolver(self) -> SecretResolver:
        """Resolves references: to this vault, and to wherever the enabled sources reach."""
        if self._resolver is None:
            from palyra_kernel.kernel.resolving import make_resolver

            with self._making:  # two would each keep a memory and ask each source
                if self._resolver is None:
                    registry = self.plugins.registry
                    self._resolver = make_resolver(self.config, registry, self._records, self.vault)
        return self._resolver

    @property
    def policy(self) -> PolicyStore:
        """Which policies decide."""
        if self._policy is None:
            from palyra_kernel.policy.store import PolicyStore

            with self._making:
                if self._policy is None:
                    self._policy = PolicyStore(self._records)
        return self._policy

    @property
    def audit(self) -> Audit:
        """What happened: events, their proof, exports."""
        if self._audit is None:
            from palyra_kernel.kernel.auditing import make_audit

            with self._making:  # two would each group reads
                if self._audit is None:
                    self._audit = make_audit(self._records, self.vault)
        return self._audit

    @property
    def auth(self) -> AuthProfiles:
        """Logins and keys for providers."""
        if self._auth is None:
            from palyra_kernel.kernel.auth_events import AuthEvents
            from palyra_kernel.kernel.profiles import make_auth

            with self._making:  # two would refresh in two rooms
                if self._auth is None:
                    tokens = Vault(self._records, self._index, self._objects, versions_kept=1)
                    registry, ca_file = self.plugins.registry, self.config.auth.ca_file
                    ended = AuthEvents(lambda: self.audit).tell
                    self._auth = make_auth(
                        registry, self._records, tokens, lambda: self.resolver, ca_file=ca_file, ended=ended
                    )
        return self._auth

    @property
    def identity(self) -> Identity:
        """The certificate authority, the devices and their pairing."""
        if self._identity is None:
            from palyra_kernel.kernel.identity import make_identity

            with self._making:
                if self._identity is None:
                    secrets = Vault(self._records, self._index, self._objects, versions_kept=1)
                    identity = make_identity(self, self._records, secrets)
                    identity.devices.follow = self._lend_no_more
                    self._identity = identity
        return self._identity

    @property
    def device(self) -> ThisDevice:
        """This machine as a device of a gateway elsewhere."""
        if self._device is None:
            from palyra_kernel.device.service import ThisDevice
            from palyra_kernel.kernel.identity_events import IdentityEvents

            with self._making:
                if self._device is None:
                    secrets = Vault(self._records, self._index, self._objects, versions_kept=1)
                    events = IdentityEvents(lambda: self.audit.group)
                    self._device = ThisDevice(self._records, secrets, tell=events.tell)
        return self._device

    def session(
        self,
        principal: str | Principal,
        *,
        purpose: str = "",
        policies: str | None = None,
        **facts: Unpack[Facts],
    ) -> Session:
        """Act as *principal*, which the caller authenticated: the kernel believes it.

        Of the *facts*, *tool* is what runs on its behalf and *skill* of which skill that is part; *vouched_by* says who
        vouches for a channel or skill; *session* continues one of this id, for grants that are good for one; with
        *reveals* the values that are read leave the process, and their events are durable first. *policies*: rules for
        this session alone, which can only forbid. Raises :class:`InvalidInputError`.
        """
        from palyra_kernel.kernel.sessions import make_session

        return make_session(self._shared_by_sessions(), principal, purpose, policies, facts)

    def _shared_by_sessions(self) -> Services:
        if self._services is None:
            from palyra_kernel.kernel.sessions import make_services

            with self._making:
                if self._services is None:
                    self._services = make_services(self, self._records)
        return self._services

    @classmethod
    def open(
        cls,
        *,
        state_root: str | os.PathLike[str] | None = None,
        config_dir: str | os.PathLike[str] | None = None,
        plugins: Sequence[str] | None = None,
        create: bool = False,
        unlock: Unlock | None = None,
        backend: str | None = None,
        slots: Sequence[NewSlot] = FILE_SLOT,
        consent: Consent | None = None,
    ) -> Self:
        """Open the vault in *state_root* with the configuration in *config_dir*.

        Both default to ``PALYRA_STATE_ROOT`` and ``PALYRA_CONFIG_DIR``, then to the platform's folders. *plugins*
        narrows what ``plugins.lock`` pins, or names the set when there is no lock. *create* makes folders and vault
        if there are none, with *slots* and *backend*. *unlock* brings a passphrase or recovery key; the kernel
        never asks for one. *consent* ``adopt`` opens a vault of which this machine has no head, because the
        configuration folder was lost or the state root comes from elsewhere: whether it is the newest cannot be told
        then. ``accept-rollback`` opens one that is older than what this machine saw, and only such a one. Both begin a
        new incarnation. Without *create* nothing is written to a place that has no vault.

        Raises :class:`NotFoundError` ``vault_missing``, :class:`DeniedError` ``unsafe_folder``,
        :class:`UnavailableError` (``no_slot_opens``, ``no_backend``, ``plugin_missing``, …),
        :class:`IntegrityError` (``wrong_key``, ``rolled_back``, ``plugin_changed``, …).
        """
        places = find_places(state_root, config_dir)
        if not create and not exists(places.state_root):
            raise missing_vault(places)
        places.prepare(create=create or consent == "adopt")
        if not create and not vault_exists(places):
            raise missing_vault(places)
        config = read_config(places.config_dir)
        host = PluginHost.load(places.config_dir, names=plugins, builtins=BUILTINS)
        unlock, choice = with_key_folder(unlock or Unlock(), places.key_folder), None
        if create and not vault_exists(places):
            made = [new._replace(unlock=with_key_folder(new.unlock, places.key_folder)) for new in slots]
            choice = make_vault(places, config, host.registry, made, backend)
        opened = open_vault(places, config, host.registry, unlock, backend, consent, choice)
        try:
            return cls(places, config, host, opened)
        except BaseException:
            opened.records.close()
            raise

    def verify(self, progress: Progress | None = None) -> list[Finding]:
        """Read and open everything. Findings of severity ``error`` mean that something was tampered with, rolled
        back, lost or damaged. *progress* is called with the number of secrets that were checked."""
        from palyra_kernel.kernel.verifying import verify

        return [*verify(self, self._records, self._index, self._objects, progress)]

    def rekey(self, progress: Callable[[int], None] | None = None) -> RekeyReport:
        """Make a new key encryption key, wrap every data key under it again and delete the old ones.

        Payloads are not touched; reads and writes go on meanwhile. What was interrupted goes on where it stopped when
        it is run again. *progress* is called with the number of secrets that were visited.
        """
        from palyra_kernel.vault.rekey import Rotation

        rotation = Rotation(self._records, self._index, self._objects)
        return rotation.run(progress or (lambda _: None))

    def rekey_root(self, *, unlock: Unlock | None = None, drop_slots: bool = False) -> None:
        """Make a new root key: every slot is made again, every record sealed again, and copies of the old slots open
        nothing that is written from now on. :meth:`rekey` belongs behind it, in a Kernel that is opened anew.

        This Kernel is closed, and every other that has the vault open refuses with :class:`UnavailableError`
        ``root_changed``. Writers wait until it is done. *unlock* opens the slots; those that it does not open would be
        lost: :class:`ConflictError` ``slots_would_be_lost`` unless *drop_slots*.
        """
        from palyra_kernel.kernel.root_change import change_root

        unlock = with_key_folder(unlock or Unlock(), self.places.key_folder)
        find = protector_finder(self.plugins.registry)
        change_root(self.places, self._records, find, unlock, drop=drop_slots)
        self.close()

    def migrate(
        self, kind: str, progress: BackupProgress | None = None, *, accept_volatile: bool = False
    ) -> MigrationReport:
        """Move every envelope to the backend of *kind*; others read and write meanwhile, and follow.

        What was interrupted is finished by running it again. With the kind that the vault has, a move that has not
        switched yet is given up. A backend that is not ``durable`` is refused unless *accept_volatile*. *progress* is
        called with what is being done and how often it was done. Raises :class:`ConflictError`
        (``migration_unfinished``, ``migration_running``, ``same_backend``, ``backend_preferred``),
        :class:`UnavailableError` if the backend does not work, :class:`InvalidInputError` ``values_too_large`` and
        ``not_durable``, :class:`IntegrityError` for an envelope that is not as it was written.
        """
        return self._migration(progress, accept_volatile).run(kind)

    def plan_migration(self, kind: str, *, accept_volatile: bool = False) -> MigrationPlan:
        """What :meth:`migrate` would do; raises what it would raise before it begins."""
        return self._migration(None, accept_volatile).plan(kind)

    def _migration(self, progress: BackupProgress | None, accept_volatile: bool) -> Migration:
        from palyra_kernel.kernel.migrating import Migration, MovingVault

        moving = MovingVault(self.places, self.config, self._records, self._objects, self._backends)
        return Migration(moving, progress, accept_volatile=accept_volatile)

    def status(self) -> VaultStatus:
        """Facts about the vault."""
        from palyra_kernel.kernel.status import vault_status

        return vault_status(self, self._records, self._objects)

    def backup(
        self, path: str | os.PathLike[str], *, unlock: Unlock, progress: BackupProgress | None = None
    ) -> BackupReport:
        """Write the whole vault to the new file *path*, sealed to its recovery slots and signed.

        *unlock* opens the root key again, which gives the signer. Others may go on reading and writing. Raises
        :class:`ConflictError` ``no_recovery_slot`` and ``exists``, :class:`IntegrityError` if something is not as it
        was written, :class:`UnavailableError` ``disk_full``.
        """
        from palyra_kernel.kernel.backup import write_backup

        return write_backup(Path(path), self._whole(), unlock, progress)

    def backup_signer(self, *, unlock: Unlock) -> str:
        """The fingerprint of who signs the backups of this vault; it belongs on the recovery sheet."""
        from palyra_kernel.kernel.backup import signer_fingerprint

        return signer_fingerprint(self._whole(), unlock)

    def _whole(self) -> OpenVault:
        from palyra_kernel.kernel.backup import OpenVault

        find = protector_finder(self.plugins.registry)
        return OpenVault(self.places, self._records, self._objects, find)

    @staticmethod
    def restore(
        path: str | os.PathLike[str],
        *,
        recovery_key: SensitiveBytes,
        signer: str,
        state_root: str | os.PathLike[str] | None = None,
        config_dir: str | os.PathLike[str] | None = None,
        plugins: Sequence[str] | None = None,
        progress: BackupProgress | None = None,
    ) -> RestoreReport:
        """Restore the backup *path* to a state root that is absent or an empty folder, and verify it.

        *signer* is the fingerprint on the recovery sheet: it tells a backup from a forgery that anybody could make.
        The restored vault is a new incarnation. Raises :class:`IntegrityError` ``wrong_signer``, ``wrong_key`` and
        ``backup_damaged``, :class:`ConflictError` ``exists``, :class:`UnavailableError` ``backend_missing``.
        """
        from palyra_kernel.kernel.backup import Destination, restore_backup

        places = find_places(state_root, config_dir)
        if exists(places.config_dir):
            private_folder(places.config_dir, create=False)
        config = read_config(places.config_dir)
        host = PluginHost.load(places.config_dir, names=plugins, builtins=BUILTINS)
        to = Destination(places, config, host.registry)
        return restore_backup(Path(path), to, recovery_key=recovery_key, signer=signer, progress=progress)

    def close(self) -> None:
        """Close backend and store. The kernel cannot be used afterwards; closing twice is fine."""
        if not self._closed:
            self._closed = True
            with ExitStack() as parts:
                parts.callback(self._records.close)
                parts.callback(self._objects.close)
                if self._services is not None:
                    parts.callback(self._services.close)
                if self._resolver is not None:  # most runs never ask for it
                    parts.callback(self._resolver.close)
                if self._audit is not None:
                    parts.callback(self._audit.close)
                if self._auth is not None:
                    parts.callback(self._auth.close)

    _closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
