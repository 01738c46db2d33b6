"""References to secrets wherever they are: one line of text, or a table with everything that can be said about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.decoding import convert
from palyra_kernel.values.options import NO_OPTIONS, Options
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.targets import BUILT_IN, invalid, is_variable

MAX_VALUE_BYTES = 16 * 1024 * 1024
MAX_LINKS = 8
_MAX_TEXT = 16_384  # a path of 4096 bytes, each of them written as %XX, and a fragment
_MAX_ITEMS = 64
_SCHEME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_POINTER = "json:"
_TRANSFORMS = frozenset(("strip_newline", "base64", "hex"))

RefreshPolicy = Literal["on_startup", "on_reload", "per_run", "per_use"]
"""When the source is asked again: never; at each reload; once in each run; at each use."""
SnapshotPolicy = Literal["freeze_until_reload", "refresh_per_run", "refresh_per_use"]
"""When what was read is shown: at the next reload; to runs that begin later; at once."""

_Label = Annotated[str, Meta(min_length=1, max_length=128)]
_Path = Annotated[str, Meta(min_length=1, max_length=4096)]
_ONLY_FOR = {"trusted_dirs": "file", "allow_symlinks": "file", "inherited_env": "exec", "cwd": "exec"}


class Parts(NamedTuple):
    """The pieces of the text form."""

    scheme: str
    target: str
    query: Mapping[str, str]
    fragment: str | None


class SecretRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``SCHEME://TARGET[?NAME=VALUE][#FRAGMENT]`` and how it is to be resolved.

    A text without ``://`` is a reference to the vault. The fragment names a field of a JSON value, a pointer (RFC
    6901) if it starts with ``/``; for ``exec`` it is the id that the command is asked for. Fields:

    - ``required``: whether an absent value is a failure; ``allow_empty``: whether an empty one is a value.
    - ``refresh_policy``, ``snapshot_policy``: see ``docs/references.md``.
    - ``max_bytes``: 1 to 16,777,216. ``timeout_ms``: for the whole answer, ``first_byte_ms``: for its beginning;
      1 to 600,000, by default what the source and the resolver allow.
    - ``transforms``: ``strip_newline`` (one, at the end), ``base64``, ``hex``, ``json:POINTER``, done in this order;
      None means what the source does by itself (file and exec strip one newline). The fragment comes last.
    - ``fallback``: what is asked when this is missing, or does not answer; at most 8 references in all.
    - ``max_stale_seconds``: how old a last known good value may be that answers for a failed source; 0 for never.
    - ``trusted_dirs``, ``allow_symlinks`` for ``file``; ``inherited_env``, ``cwd`` for ``exec``, within what
      ``palyra.toml`` allows; ``options`` for the schemes of plugins.
    - ``redaction_label``, ``display_name``: what people see instead of the reference.

    Raises :class:`InvalidInputError` ``invalid_reference``.
    """

    ref: Annotated[str, Meta(min_length=1, max_length=_MAX_TEXT)]
    required: bool = True
    allow_empty: bool = False
    refresh_policy: RefreshPolicy = "on_startup"
    snapshot_policy: SnapshotPolicy = "freeze_until_reload"
    max_bytes: Annotated[int, Meta(ge=1, le=MAX_VALUE_BYTES)] = 65_536
    timeout_ms: Annotated[int, Meta(ge=1, le=600_000)] | None = None
    first_byte_ms: Annotated[int, Meta(ge=1, le=600_000)] | None = None
    transforms: Annotated[tuple[str, ...], Meta(max_length=_MAX_ITEMS)] | None = None
    fallback: Annotated[tuple[SecretRef | str, ...], Meta(max_length=MAX_LINKS - 1)] = ()
    max_stale_seconds: Annotated[int, Meta(ge=0, le=31_536_000)] = 0
    trusted_dirs: Annotated[tuple[_Path, ...], Meta(max_length=_MAX_ITEMS)] = ()
    allow_symlinks: bool = False
    inherited_env: Annotated[tuple[str, ...], Meta(max_length=_MAX_ITEMS)] = ()
    cwd: _Path | None = None
    options: Annotated[dict[str, str | int | bool], Meta(max_length=_MAX_ITEMS)] = NO_OPTIONS
    redaction_label: _Label | None = None
    display_name: _Label | None = None

    def __post_init__(self) -> None:
        put = msgspec.structs.force_setattr
        for field in _fields():  # a table was checked on its way here, the arguments of a call were not
            value = getattr(self, field.name)
            if value is not field.default:
                put(self, field.name, _converted(value, field.type, f"{field.name} of a reference"))
        put(self, "ref", canonical(self.ref))
        put(self, "options", Options(self.options) if self.options else NO_OPTIONS)
        _check_fields(self)
        # A text in the list is a reference in short form.
        put(self, "fallback", tuple(SecretRef.parse(link) for link in self.fallback))
        _check_chain(self)

    @staticmethod
    def parse(given: str | VaultRef | SecretRef | Mapping[str, Any]) -> SecretRef:
        """The reference that a text, a table or a :class:`VaultRef` means."""
        if isinstance(given, SecretRef):
            return given
        if isinstance(given, str):
            return _parsed(given)
        if isinstance(given, VaultRef):
            return _parsed(str(given))
        return _from_table(given)

    @property
    def scheme(self) -> str:
        """The name of the source."""
        return split(self.ref).scheme

    @property
    def target(self) -> str:
        """What stands between ``://`` and ``?`` or ``#``, as it was written."""
        return split(self.ref).target

    @property
    def query(self) -> Mapping[str, str]:
        """The pairs behind ``?``."""
        return split(self.ref).query

    @property
    def fragment(self) -> str | None:
        """What stands behind ``#``."""
        return split(self.ref).fragment

    @property
    def unlabelled(self) -> SecretRef:
        """This reference without what people see of it, its fallbacks too."""
        if not any(link.redaction_label or link.display_name for link in self.chain):
            return self
        fallback = tuple(SecretRef.parse(link).unlabelled for link in self.fallback)
        return msgspec.structs.replace(self, redaction_label=None, display_name=None, fallback=fallback)

    @property
    def chain(self) -> tuple[SecretRef, ...]:
        """This reference and its fallbacks, in the order in which they are asked."""
        return (self, *(link for each in self.fallback for link in SecretRef.parse(each).chain))

    def __str__(self) -> str:
        return self.ref

    def __hash__(self) -> int:
        return hash(self.ref)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> SecretRef:
    return SecretRef(ref=text)


def _from_table(table: Mapping[str, Any]) -> SecretRef:
    if not isinstance(table, Mapping):
        raise invalid(f"a reference is text or a table, not {type(table).__name__}")
    made: SecretRef = _converted(dict(table), SecretRef, "the table of a reference")
    return made


@cache
def _fields() -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(SecretRef)


def _converted(given: object, kind: Any, what: str) -> Any:
    try:
        return convert(given, kind)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        said = str(error)
    # Outside of the block: the decoder's error would hang on ours. It names fields and, of words to choose from, the
    # one that was given: that may be a secret in the wrong place.
    if said.startswith("Invalid enum value"):
        _, at, where = said.rpartition(" - at `$.")
        said = "none of the words that belong there" + (f" - at `{where}" if at else "")
    raise invalid(f"{what}: " + "".join(each if each.isprintable() else "?" for each in said[:300]))


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The one spelling of a text form. Raises :class:`InvalidInputError` ``invalid_reference``."""
    if not isinstance(text, str) or not 1 <= len(text) <= _MAX_TEXT or not text.isprintable():
        raise invalid(f"a reference is 1 to {_MAX_TEXT} printable characters")
    scheme, rest = "vault", text
    if "://" in text.partition("#")[0]:  # a field may hold a URL
        scheme, _, rest = text.partition("://")
    if not _SCHEME.fullmatch(scheme):
        raise invalid("a reference begins with SCHEME://, in lower-case letters, digits and '_'")
    check = BUILT_IN.get(scheme)
    if check is not None:
        rest = check(rest)
    _split(scheme, rest)
    made = f"{scheme}://{rest}"
    if len(made) > _MAX_TEXT:
        raise invalid(f"a reference has at most {_MAX_TEXT} characters, with those that are percent-encoded")
    return made


@lru_cache(maxsize=4096)
def split(ref: str) -> Parts:
    """The parts of a canonical text form."""
    scheme, _, rest = ref.partition("://")
    return _split(scheme, rest)


def _split(scheme: str, rest: str) -> Parts:
    body, hash_sign, fragment = rest.partition("#")
    target, question, query = body.partition("?")
    if not target or (hash_sign and not fragment):
        raise invalid("a reference names something behind :// and behind #")
    pairs: dict[str, str] = {}
    for pair in query.split("&") if question else ():
        name, equals, value = pair.partition("=")
        if not name or not equals or name in pairs:
            raise invalid("the query of a reference is NAME=VALUE, joined by &, each name once")
        pairs[name] = value
    return Parts(scheme, target, pairs, fragment if hash_sign else None)


def _check_fields(ref: SecretRef) -> None:
    for field, scheme in _ONLY_FOR.items():
        if getattr(ref, field) and ref.scheme != scheme:
            raise invalid(f"{field} is for {scheme}:// only")
    if ref.options and ref.scheme in BUILT_IN:
        raise invalid("options are for the schemes of plugins")
    if not all(is_variable(name) for name in ref.inherited_env):
        raise invalid("inherited_env holds names of variables")
    for path in (*ref.trusted_dirs, *((ref.cwd,) if ref.cwd else ())):
        if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise invalid("trusted_dirs and cwd are absolute paths without '..'")
    if not all(is_transform(step) for step in ref.transforms or ()):
        raise invalid("a transform is strip_newline, base64, hex or json:/POINTER")
    for label in (ref.redaction_label, ref.display_name):
        if label is not None and (not label.strip() or not label.isprintable()):
            raise invalid("a label is not blank and has no control characters")


def is_transform(step: str) -> bool:
    """Whether *step* can be done to a value."""
    return step in _TRANSFORMS or step.startswith(_POINTER + "/")


def _check_chain(ref: SecretRef) -> None:
    chain = ref.chain
    if len(chain) > MAX_LINKS:
        raise invalid(f"a chain has at most {MAX_LINKS} references")
    if len({link.ref for link in chain}) < len(chain):
        raise InvalidInputError(
            "reference_loop",
            "the fallbacks of a reference come back to one that was asked",
            hint="name each reference once",
        )
