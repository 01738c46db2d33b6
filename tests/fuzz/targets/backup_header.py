"""The header of a backup, which is read before the signature can be checked, and which a stranger may sign."""

import hashlib
import io

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.errors import IntegrityError
from palyra_kernel.kernel.backup.header import Header, encode_start, read_start, sign
from palyra_kernel.kernel.backup.source import Source, open_backup
from palyra_kernel.keys.signer import fingerprint
from tests.fuzz.oracles import result, written
from tests.fuzz.targets import backup_file

JSON = True

_STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
_MAGIC_AND_LENGTH = 12


def seeds():
    start = read_start(io.BytesIO(backup_file.golden()).read)[1]
    text = start[_MAGIC_AND_LENGTH:]
    return {
        "golden": text,
        "whole": start,
        "short": start[:11] + bytes([start[11] + 1]) + text,
        "respelt": text.replace(b":", b": "),
        "no-recipient": text[: text.index(b'"recipients"')] + b'"recipients":[]}',
        "big": text.replace(b'"generation":7', b'"generation":' + b"9" * 400),
        "unknown": text[:-1] + b',"more":1}',
        "not-utf8": text.replace(b'"file"', b'"\xff"'),
        "escape": text.replace(b'"file"', b'"\\u001b[2J"'),
    }


def check(data: bytes) -> None:
    """Tried as the start of a file and as the header in one: one spelling of every header; and a backup that a
    stranger signed is told from one of ours by its fingerprint alone."""
    ours = fingerprint(read_start(io.BytesIO(backup_file.golden()).read)[0].signer)
    for start in (data, b"PLYBAK\r\x01" + len(data).to_bytes(4, "big") + data):
        found = result(read_start, io.BytesIO(start).read)
        if found is None:
            continue
        header, text = found
        assert start.startswith(text)
        assert encode_start(header) == text
        forged = encode_start(
            msgspec.structs.replace(header, signer=_STRANGER.public_key().public_bytes_raw())
        )
        assert _refused(forged + bytes(16), ours)


def _refused(unsigned: bytes, expected: str) -> bool:
    path = written("forged", unsigned + sign(_STRANGER, hashlib.sha256(unsigned).digest()))
    with open_backup(path) as source:
        assert isinstance(source, Source)
        assert isinstance(source.header, Header)
        source.facts()
        try:
            source.check_signer(expected)
        except IntegrityError as error:
            return error.code == "wrong_signer"
    return False
