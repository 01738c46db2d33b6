"""A target that cannot fail proves nothing: a parser broken in one place is found by its corpus."""

import json
import re
from base64 import urlsafe_b64decode

import pytest

from palyra_kernel import config
from palyra_kernel.approvals import approval, shown
from palyra_kernel.audit import lines, offline
from palyra_kernel.auth.documents import fields as profile_fields
from palyra_kernel.auth.documents import runtime as profile_runtime
from palyra_kernel.auth.grammar import reply
from palyra_kernel.cli.credential import git_protocol
from palyra_kernel.cli.secrets import dotenv_format, import_files
from palyra_kernel.contracts import endpoints
from palyra_kernel.device import work
from palyra_kernel.durable import documents
from palyra_kernel.identity import reentry
from palyra_kernel.identity.certificates import requests
from palyra_kernel.identity.pairing import messages
from palyra_kernel.kernel.backup import header, payload, source
from palyra_kernel.keys import passphrase, recovery
from palyra_kernel.keys.slots import KeyringDocument
from palyra_kernel.nodes.events import tokens
from palyra_kernel.plugins import distribution, record
from palyra_kernel.policy import bounds
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.records.heads import Head, HeadFile
from palyra_kernel.records.seal import Sealer
from palyra_kernel.values import key_segment, refs, secret_ref
from palyra_kernel.vault import entry, envelope, fields
from tests.fuzz.registry import NAMES, corpus, load
from tests.fuzz.targets import plugins_lock


class Same:
    """What every comparison takes for the same."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


class Anything(dict[object, str]):
    """Lets every item stand everywhere."""

    def get(self, key, default=None):
        place, kind = key
        return "end" if kind is payload.End else place


BROKEN = {
    "approval": (approval, "UnicodeDecodeError", KeyError),
    "arguments": (shown, "_is_plain", lambda _character, _before: True),
    "audit_event": (lines, "commitment", lambda _leaves: bytes(32)),
    "audit_export": (offline, "is_signed", lambda _public, _signature, _text: True),
    "backup_file": (source, "check_signature", lambda _header, _digest, _signature: None),
    "backup_header": (header, "_encode", lambda _header: Same()),
    "backup_payload": (payload, "_NEXT", Anything()),
    "config": (config, "ValueError", KeyError),  # what is no longer caught
    "csr": (
        requests,
        "_checked",
        lambda request: request.public_key(),
    ),  # any key, any wish, any signature
    "documents": (documents, "UnicodeDecodeError", KeyError),
    "dotenv": (dotenv_format, "_ESCAPES", {}),
    "envelope": (envelope, "_encode", lambda _header: Same()),
    "event_token": (
        tokens,
        "_made_here",
        lambda _records, text: tokens.Token(**json.loads(urlsafe_b64decode(text.encode("latin-1"))[32:])),
    ),
    "field": (fields, "UnicodeDecodeError", KeyError),
    "git_attributes": (git_protocol, "_ENDS_A_LINE", frozenset()),
    "head_file": (HeadFile, "_parse", lambda _file, slot: Head(1, slot[-32:]) if slot else None),
    "index_entry": (entry, "UnicodeDecodeError", KeyError),
    "issuer_document": (endpoints, "ASKED", ()),
    "json_import": (import_files, "UnicodeEncodeError", KeyError),
    "key_segments": (key_segment, "_LOOKS_ESCAPED", re.compile("(?!)")),
    "keyring": (KeyringDocument, "check_mac", lambda _document, _keys: None),
    "node_work": (work, "sha256", lambda _input: bytes(32)),
    "pairing_messages": (messages, "encode", lambda _message: Same()),
    "plugins_lock": (plugins_lock, "check_pin", lambda pin: pin),
    "policy": (bounds, "pairwise", lambda _cuts: []),
    "policy_document": (Bundle, "from_document", lambda _document: Bundle.default()),
    "profile_registry": (profile_fields, "fragment", lambda _fields: ""),
    "profile_runtime": (profile_runtime, "MAX_RETRY_AFTER_MS", 2**62),
    "record": (Sealer, "_checked", lambda _sealer, record: record.value),
    "recovery_key": (recovery, "_PRIVATE_BYTES", {"x25519": 31, "mlkem768-x25519": 95}),
    "reentry_proof": (reentry, "device_id", lambda text: text),
    "references": (refs, "check_key", lambda _key: None),
    "secret_ref": (secret_ref, "_check_chain", lambda _ref: None),
    "slots": (passphrase, "_BOUNDS", {**passphrase._BOUNDS, "iterations": (0, 64)}),
    "token_reply": (reply, "_TOKEN", re.compile(rb".*", re.DOTALL)),
    "wheel_metadata": (distribution, "_HEADER_NAME", re.compile(".*", re.DOTALL)),
    "wheel_record": (record, "_unquoted", lambda text: text),
}


def test_each_target_has_its_mutant():
    assert sorted(BROKEN) == list(NAMES)


@pytest.fixture
def forgotten():
    """What a broken parser let through must not be remembered by the mended one."""
    yield
    for function in (refs._parse, secret_ref._parsed, secret_ref.canonical, secret_ref.split):
        function.cache_clear()


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_parser_is_found(name, monkeypatch):
    target, where = load(name), corpus(name)
    place, attribute, broken = BROKEN[name]
    monkeypatch.setattr(place, attribute, broken, raising=False)
    failures = []
    for path in sorted(where.iterdir()):
        try:
            target.check(path.read_bytes())
        except Exception as error:  # noqa: BLE001  # whatever it is, the fuzzer would report it
            failures.append(error)
    assert failures
