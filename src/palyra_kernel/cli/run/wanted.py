"""What COMMAND is to be given: names, each with a way to hand its value over, and a reference or plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from palyra_kernel.cli.refs_file import Given, invalid_file, parse_named, read_guarded, read_names
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.targets import is_variable

Way = Literal["env", "file", "fd"]


class Wanted(NamedTuple):
    """How one name is handed over, and what stands behind it; ``str`` is text that passes as it is."""

    way: Way
    what: SecretRef | str


def from_options(given: Mapping[Way, Sequence[str]]) -> dict[str, Wanted]:
    """What ``--env``, ``--file`` and ``--fd`` say. Raises :class:`InvalidInputError` ``invalid_env``."""
    wanted: dict[str, Wanted] = {}
    for way, texts in given.items():
        for text in texts:
            name, equals, ref = text.partition("=")
            if not equals or not is_variable(name):
                hint = "NAME is made of A-Z a-z 0-9 _ and starts with no digit"
                raise InvalidInputError("invalid_env", f"--{way} takes NAME=REF", hint=hint)
            if name in wanted:
                raise InvalidInputError("invalid_env", f"{name} is given twice")
            wanted[name] = Wanted(way, _typed(ref))
    return wanted


class EnvFile(NamedTuple):
    """A file that was read, and not judged yet: which texts are references depends on the plugins."""

    path: str
    names: Mapping[str, Given]

    def wanted(self, knows: Callable[[str], bool]) -> Iterator[tuple[str, Wanted]]:
        """Each name; a text is a reference if *knows* its scheme."""
        for name, given in self.names.items():
            scheme, colon, _ = given.partition("://") if isinstance(given, str) else ("", "", "")
            if isinstance(given, str) and not (colon and knows(scheme)):
                yield name, Wanted("env", given)
            else:
                ref = parse_named(self.path, name, given)
                yield name, Wanted("env", _typed(ref.ref) if isinstance(given, str) else ref)


def _typed(text: str) -> SecretRef:
    """A reference in one line. That the vault holds an empty value was said when it was stored; so it is a value."""
    ref = SecretRef.parse(text)
    return SecretRef(ref=ref.ref, allow_empty=True) if ref.scheme == "vault" else ref


def read_env_file(path: str) -> EnvFile:
    """Read ``.toml`` and ``.json`` as tables of names, everything else as ``.env``."""
    is_table = path.lower().endswith((".toml", ".json"))
    names = read_names(path) if is_table else _dotenv(path)
    for name in names:
        if not is_variable(name):  # not shown: in a wrong line it may be a piece of a value
            raise invalid_file(path, "a name is not one of a variable: A-Z a-z 0-9 _, no digit first")
    return EnvFile(path, names)


def _dotenv(path: str) -> dict[str, Given]:
    from palyra_kernel.cli.secrets.dotenv_format import parse_dotenv

    try:
        text = read_guarded(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid_file(path, "not UTF-8") from None
    items, problems = parse_dotenv(text)
    if problems:
        raise invalid_file(path, "; ".join(f"{problem.where}: {problem.why}" for problem in problems[:10]))
    return {item.name: item.value.decode() for item in items}
