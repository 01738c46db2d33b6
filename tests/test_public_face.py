"""The names that others build on: complete, documented, and cheap to import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import palyra_kernel
from tests.support import Places

PROMISED = [
    *("Kernel", "SensitiveBytes", "VaultRef", "VaultScope", "SecretMetadata", "hookimpl"),
    *("BlobBackend", "RecordStore", "KeyProtector"),
    *("PalyraError", "NotFoundError", "InvalidInputError", "DeniedError", "ApprovalRequiredError"),
    *("UnavailableError", "ConflictError", "IntegrityError"),
]

BANNED = [
    *("pydantic", "hypercorn", "authlib", "httpx", "httpx2", "keyring", "stevedore", "cedarpy", "anyio"),
    *(
        "asyncio",
        "rich",
        "importlib.metadata",
        "cryptography.x509",
        "packaging",
        "platformdirs",
        "tomllib",
        "logging",
    ),
    *("click", "gettext", "locale", "hashlib", "hmac", "base64", "struct"),
]
"""What reading a secret must not import: each costs between half a millisecond and two hundred of them."""

SPY = """
import json, sys
before = set(sys.modules)
try:
    exec({code!r})
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


def modules_after(code, *arguments, env=None):
    """The modules that *code* has imported in a fresh interpreter."""
    ran = subprocess.run(
        [sys.executable, "-c", SPY.format(code=code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return ran, set(json.loads(ran.stderr.strip().splitlines()[-1]))


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_is_there_and_documented(name):
    value = getattr(palyra_kernel, name)
    assert name in palyra_kernel.__all__
    assert name == "hookimpl" or (value.__doc__ or "").strip()


def test_the_list_of_names_is_the_table_of_homes():
    assert sorted(palyra_kernel.__all__) == sorted([*palyra_kernel._HOME, "__version__"])
    for name in palyra_kernel.__all__:
        assert getattr(palyra_kernel, name) is not None
    with pytest.raises(AttributeError):
        _ = palyra_kernel.nothing


def test_every_public_function_says_what_it_does():
    """Units, limits and errors belong into the docstring; a name without one is a promise nobody can check."""
    for name in palyra_kernel.__all__:
        value = getattr(palyra_kernel, name)
        if not isinstance(value, type):
            continue
        for attribute, member in vars(value).items():
            if not attribute.startswith("_") and (
                callable(member) or isinstance(member, property | classmethod)
            ):
                function = getattr(member, "__func__", member)
                assert function.__doc__, f"{name}.{attribute}"


def test_importing_the_package_imports_almost_nothing():
    _, modules = modules_after("import palyra_kernel")
    assert {name for name in modules if name.startswith("palyra_kernel")} == {"palyra_kernel"}
    assert modules.isdisjoint({*BANNED, "typing", "pathlib", "msgspec", "cryptography", "pluggy", "sqlite3"})


DECIDING = {"cedarpy", "tomllib"}
"""What a decision imports: the policy library, and 2 ms for ``bundle.toml``, which is the file that people edit. A copy
of it that imports faster would have to be kept in step with it."""


def test_reading_a_secret_imports_none_of_the_slow_modules(tmp_path):
    """Importing everything at the start made other tools take half a second to print one line."""
    places = Places(tmp_path)
    flags = ["--state-root", str(places.state_root), "--config-dir", str(places.config_dir)]
    run = "from palyra_kernel.cli.start import run; sys.argv"
    for arguments, stdin in ((["init"], b""), (["secrets", "set", "a"], b"value")):
        subprocess.run(
            [sys.executable, "-m", "palyra_kernel.cli", *flags, *arguments],
            input=stdin,
            check=True,
            capture_output=True,
        )
    ran, modules = modules_after(f"{run}; run(sys.argv[1:])", *flags, "secrets", "get", "a", "--reveal")
    assert ran.stdout == "value"
    assert modules & set(BANNED) == DECIDING
    assert "palyra_backend_file" in modules


def test_the_package_is_typed():
    assert (Path(palyra_kernel.__file__).parent / "py.typed").exists()
