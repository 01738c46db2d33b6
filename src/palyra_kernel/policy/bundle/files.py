"""The files of a bundle: those that lie beside this one, and those of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from palyra_kernel.durable.files import read_file
from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.policy.bounds import MAX_BUNDLE_BYTES, refused, size_of

DATA_FILE = "bundle.toml"
SCHEMA_FILE = "schema.cedarschema"
RAILS_FILE = "rails.cedar"
DEFAULT_FILES = ("organisation.cedar", DATA_FILE)

_NAME = re.compile(
    r"organisation[a-z0-9_-]{0,32}\.cedar"
    r"|workspaces/(?P<workspace>[A-Za-z0-9._-]{1,64})\.cedar"
    r"|bundle\.toml"
)
_MAX_FILES = 256


@lru_cache(maxsize=8)
def built_in(name: str) -> str:
    """The text of a file that comes with the kernel."""
    return (Path(__file__).parent / name).read_text("utf-8")


def workspace_of(name: str) -> str | None:
    """The workspace that a file of a bundle is for; None for a file of the organisation."""
    match = _NAME.fullmatch(name)
    return match["workspace"] if match else None


def check_files(files: Mapping[str, str]) -> None:
    """Raise :class:`InvalidInputError` ``bundle_files`` or ``policy_too_large`` unless these make a bundle."""
    for name in files:
        if not _NAME.fullmatch(name):
            raise refused(
                "bundle_files",
                f"no file of a bundle: {name[:64]!r}",
                hint="a bundle has organisation*.cedar, workspaces/NAME.cedar and bundle.toml",
            )
    if DATA_FILE not in files:
        raise InvalidInputError("bundle_files", f"{DATA_FILE} is missing", hint="palyra policy export")
    if not any(name.startswith("organisation") for name in files):
        raise InvalidInputError("bundle_files", "organisation.cedar is missing", hint="palyra policy export")
    size = sum(map(size_of, files.values()))
    if size > MAX_BUNDLE_BYTES or len(files) > _MAX_FILES:
        raise InvalidInputError(
            "policy_too_large", f"a bundle has at most {MAX_BUNDLE_BYTES} bytes and {_MAX_FILES} files"
        )


def read_folder(folder: Path) -> dict[str, str]:
    """Read the files of the bundle in *folder*. Rules under another name are refused: they would be no rules. Other
    files, like tables of cases, are left alone."""
    if not folder.is_dir():
        raise NotFoundError("folder_missing", f"there is no folder {folder}")
    files: dict[str, str] = {}
    for path in sorted([*folder.glob("*.cedar"), *folder.glob(DATA_FILE), *folder.glob("workspaces/*")]):
        name = path.relative_to(folder).as_posix()
        try:
            files[name] = read_file(path, limit=MAX_BUNDLE_BYTES, private=False).decode()
        except IntegrityError as error:
            raise InvalidInputError("policy_too_large", error.message) from None
        except UnicodeDecodeError:
            raise InvalidInputError("bundle_files", f"{name[:64]} is not UTF-8") from None
        if len(files) > _MAX_FILES:
            break
    check_files(files)
    return files
