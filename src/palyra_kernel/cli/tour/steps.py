"""The steps of the tour: a sentence on what protects what, the commands, and whether the sentence was true."""

from __future__ import annotations

import secrets

from palyra_kernel.cli.tour.stage import CONFIG, STATE, Stage

_KEY = "tls/key.pem"
_API = "OPENAI_API_KEY"
_CHILD = f'import os; print("the child received", len(os.environ["{_API}"]), "characters")'
_BREAK = f"""\
import sqlite3
objects = sqlite3.connect("{STATE}/objects/objects.db")
row, sealed = objects.execute("SELECT rowid, data FROM blobs ORDER BY rowid DESC").fetchone()
place = len(sealed) - 50  # in the ciphertext, which is last
broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
objects.execute("UPDATE blobs SET data = ? WHERE rowid = ?", (broken, row))
objects.commit()
objects.close()
"""  # noqa: S608  # its values go in by question marks


def walk(stage: Stage) -> None:
    """Take all steps. Raises :class:`PalyraError` ``tour_failed`` at the first that does not do what it says."""
    api_key = f"sk-{secrets.token_urlsafe(24)}"
    _make(stage)
    _import(stage, api_key)
    _store(stage, api_key)
    _change(stage)
    _run(stage, api_key)
    _break(stage)


def _make(stage: Stage) -> None:
    stage.tell(
        "Everything happens in a folder of its own; these two variables keep it away from your own vault."
    )
    stage.show('cd "$(mktemp -d)"')
    stage.show(f'export PALYRA_STATE_ROOT="$PWD/{STATE}" PALYRA_CONFIG_DIR="$PWD/{CONFIG}"')
    stage.tell(
        "The vault lies in the state root, its key file in the configuration folder: neither opens anything alone."
    )
    stage.palyra("init")


def _import(stage: Stage, api_key: str) -> None:
    stage.tell(
        "Most secrets begin in a .env file that every program of yours can read; import puts them under seal."
    )
    stage.write(
        ".env", f"{_API}={api_key}\nDATABASE_URL=postgresql://app:{secrets.token_hex(8)}@db.internal/app\n"
    )
    stage.palyra("secrets", "import", ".env", "--yes")
    stage.remove(".env")


def _store(stage: Stage, api_key: str) -> None:
    stage.tell(
        "A value comes from standard input, never from an argument: arguments are visible to other users."
    )
    stage.write("first.pem", _new_pem())
    stage.palyra("secrets", "set", _KEY, source="first.pem")
    stage.tell("A list shows names and times and opens no value.")
    listed = stage.palyra("secrets", "list").stdout
    stage.promise(_KEY in listed and _API in listed, "the list names what was stored")
    stage.tell("On the disk there is neither a value nor a name in the clear.")
    stage.nowhere(_API, api_key, _KEY, "PRIVATE KEY")
    stage.tell("What comes back is what went in, byte for byte, line breaks included.")
    stage.palyra("secrets", "get", _KEY, "--reveal", target="copy.pem")
    stage.same("first.pem", "copy.pem")


def _change(stage: Stage) -> None:
    stage.tell("A change makes a new version; the ten newest are kept, so a mistake can be taken back.")
    stage.write("second.pem", _new_pem())
    stage.palyra("secrets", "set", _KEY, source="second.pem")
    history = stage.palyra("secrets", "history", _KEY).stdout
    stage.promise("current" in history and "kept" in history, "the history lists both versions")


def _run(stage: Stage, api_key: str) -> None:
    stage.tell("A program gets what it needs in its environment, for as long as it runs; no file holds it.")
    said = stage.palyra("run", "--env", f"{_API}=global/{_API}", "--", "python3", "-c", _CHILD).stdout
    stage.promise(
        said.strip() == f"the child received {len(api_key)} characters", "the child received the value"
    )


def _break(stage: Stage) -> None:
    stage.tell("Verify reads and opens everything, and finds all as it was written.")
    stage.palyra("vault", "verify")
    stage.tell("Now flip one bit of a stored value, as a failing disk or somebody with access would.")
    stage.python(_BREAK)
    stage.tell("It is found, and named: each value is sealed, and its digest is in a sealed index.")
    found = stage.palyra("vault", "verify", expect=8).stdout
    stage.promise(f"{_KEY}?version=2" in found, "verify names the broken version")
    stage.tell("Nobody gets the broken value; the version before it is still whole.")
    refused = stage.palyra("secrets", "get", _KEY, "--reveal", expect=8).stdout
    stage.promise(not refused, "nothing of a broken value is handed out")
    stage.palyra("secrets", "get", f"{_KEY}?version=1", "--reveal", target="older.pem")
    stage.same("first.pem", "older.pem")


def _new_pem() -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
