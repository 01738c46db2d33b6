"""A bundle: all rules and data that decide, checked, with a digest that says which they are."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import msgspec

from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.policy.bounds import MAX_BUNDLE_BYTES, MAX_LAYER_BYTES, on_large_stack, refused
from palyra_kernel.policy.bundle.data import Data, Facts, read_data
from palyra_kernel.policy.bundle.files import (
    DATA_FILE,
    DEFAULT_FILES,
    RAILS_FILE,
    SCHEMA_FILE,
    built_in,
    check_files,
    read_folder,
    workspace_of,
)
from palyra_kernel.policy.library import prepare_library
from palyra_kernel.policy.rules import ORGANISATION, RAILS, SESSION, WORKSPACE, Rule, check_unique, read_rules
from palyra_kernel.policy.schema import actions_of
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame

_FORMAT = 1


class BundleDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a record holds. ``digest`` is over the files alone: schema and rails are those of whoever reads it.
    ``validated`` is the digest of the whole bundle that was validated when it was applied."""

    format: int = _FORMAT
    version: int
    digest: str
    validated: str
    files: dict[str, str]


class _Format(msgspec.Struct):
    format: int


class SessionLayer:
    """Rules of one session, which can only forbid. Made by :meth:`Bundle.session_layer`."""

    def __init__(self, rules: list[Rule], digest: str) -> None:
        self.rules = rules
        self.digest = digest


class Bundle:
    """Schema, rails, rules and data, checked and ready to decide by. It does not change.

    ``files`` are those that an operator wrote; schema and rails come with the kernel. ``version`` counts what was
    applied to a vault, 0 for one that was not. ``digest`` is over all of it, rails and schema included. Nothing that
    does not validate is ever loaded; what *validated* names by its digest was validated before, and is not again at
    every start. Raises :class:`InvalidInputError` for files that make no bundle.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        version: int = 0,
        schema: str | None = None,
        rails: str | None = None,
        validated: str = "",
    ) -> None:
        prepare_library()
        check_files(files)
        self.files = dict(sorted(files.items()))
        self.version = version
        self.schema = built_in(SCHEMA_FILE) if schema is None else schema
        self.rails = built_in(RAILS_FILE) if rails is None else rails
        self.digest = bundle_digest(self.files, self.schema, self.rails)
        self.actions = actions_of(self.schema)
        self.facts: Facts = read_data(self.files[DATA_FILE], DATA_FILE, self.actions)
        self.rules = self._rules()
        self.schema_handle: Any = on_large_stack(lambda: self._parsed(validate=validated != self.digest))

    @classmethod
    def default(cls) -> Bundle:
        """The bundle that comes with the kernel."""
        return _default()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read ``organisation*.cedar``, ``workspaces/NAME.cedar`` and ``bundle.toml`` of *folder*."""
        return cls(read_folder(folder))

    @classmethod
    def from_document(cls, document: bytes) -> Self:
        """The bundle that :meth:`to_document` wrote. Raises :class:`IntegrityError` ``policy_damaged``."""
        try:
            if decode_json(document, _Format).format > _FORMAT:
                raise UnavailableError(
                    "newer_format", "the policies have a newer format", hint="upgrade palyra-kernel"
                )
            stored = decode_json(document, BundleDocument)
            if stored.format != _FORMAT or stored.digest != files_digest(stored.files):
                raise _damaged()
            return cls(stored.files, version=stored.version, validated=stored.validated)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise _damaged() from None
        except InvalidInputError as error:
            raise _damaged(error.message) from None

    def to_document(self, *, version: int) -> bytes:
        """What a record holds if this is the bundle that was applied as number *version*."""
        return msgspec.json.encode(
            BundleDocument(
                version=version, digest=files_digest(self.files), validated=self.digest, files=self.files
            )
        )

    def with_data(self, data: Data) -> Bundle:
        """The same rules over other data, for trying things out: its digest is that of nothing that lies anywhere."""
        other = copy(self)
        other.facts = Facts(data, self.actions)
        other.digest = sha256(frame(self.digest, msgspec.json.encode(data))).hex()
        return other

    def session_layer(self, text: str) -> SessionLayer:
        """Read the rules of a session: up to 64 KiB, forbids only, checked like all others."""
        rules = [
            rule._replace(id=f"session:{rule.id}")
            for rule in read_rules(text, SESSION, "session", self.actions, MAX_LAYER_BYTES)
        ]
        check_unique(rules)
        on_large_stack(lambda: self._validate(rules, self.schema_handle))
        return SessionLayer(rules, sha256(text.encode()).hex())

    def _rules(self) -> list[Rule]:
        rules = read_rules(self.rails, RAILS, RAILS_FILE, self.actions, MAX_BUNDLE_BYTES)
        for name, text in self.files.items():
            if name != DATA_FILE:
                workspace = workspace_of(name)
                layer = ORGANISATION if workspace is None else WORKSPACE + workspace
                rules += read_rules(text, layer, name, self.actions, MAX_BUNDLE_BYTES)
        check_unique(rules)
        return rules

    def _parsed(self, *, validate: bool) -> Any:
        """The schema, which every rule fits."""
        import cedarpy

        schema = cedarpy.Schema.from_str(self.schema)
        if validate:
            self._validate(self.rules, schema)
        return schema

    def _validate(self, rules: list[Rule], schema: Any) -> None:
        import cedarpy

        result = cedarpy.validate_policies("\n".join(rule.text for rule in rules), schema)
        if result.validation_passed is not True:
            said = result.errors[0].error if result.errors else "it does not fit the schema"
            names = result.id_annotations_by_policy_id
            name = names.get(result.errors[0].policy_id, "a rule") if result.errors else "a rule"
            raise refused("policy_invalid", f"{name}: {said}", hint="palyra policy check")


def bundle_digest(files: Mapping[str, str], schema: str, rails: str) -> str:
    """SHA-256 over schema, rails, and names and texts of the files; hexadecimal."""
    parts = (part for item in sorted(files.items()) for part in item)
    return sha256(frame("palyra policy", schema, rails, *parts)).hex()


def files_digest(files: Mapping[str, str]) -> str:
    """SHA-256 over names and texts, hexadecimal."""
    return sha256(frame("palyra bundle", *(part for item in sorted(files.items()) for part in item))).hex()


@lru_cache(maxsize=1)
def _default() -> Bundle:
    files = {name: built_in(name) for name in DEFAULT_FILES}
    return Bundle(
        files, validated=bundle_digest(files, built_in(SCHEMA_FILE), built_in(RAILS_FILE))
    )  # by a test


def _damaged(reason: str = "it is not what was written") -> IntegrityError:
    return IntegrityError(
        "policy_damaged",
        f"the policies of this vault do not load: {reason}",
        hint="palyra policy rollback, or palyra policy apply FOLDER",
    )
