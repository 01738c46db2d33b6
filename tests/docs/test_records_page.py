"""``docs/records.md`` against the code that writes those formats."""

from __future__ import annotations

import ast
import base64
import hashlib
import inspect
import json
import re
from typing import get_args

import pytest
from msgspec.structs import replace

from palyra_kernel.access import directory
from palyra_kernel.access.directory import ACCESS
from palyra_kernel.access.member import Grants
from palyra_kernel.approvals import approver, ledger
from palyra_kernel.auth.chosen import CHOICES
from palyra_kernel.auth.cooldowns import RuntimeState
from palyra_kernel.auth.documents.kept import DOCUMENTS, MAX_KEPT, Kept
from palyra_kernel.auth.families import FAMILIES
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.login import attempt
from palyra_kernel.auth.login.attempts import ATTEMPTS, MAX_ATTEMPTS
from palyra_kernel.auth.login.revocations import REVOCATIONS, Waiting
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.registry import PROFILES
from palyra_kernel.auth.runtime import STATES
from palyra_kernel.contracts import SlotContext, Unlock
from palyra_kernel.device.documents import DEVICE_SELF
from palyra_kernel.device.held_grants import DEVICE_GRANTS
from palyra_kernel.device.journal import DEVICE_LEASES
from palyra_kernel.identity.ca.documents import IDENTITY_CA
from palyra_kernel.identity.ca.issued import IDENTITY_ISSUED
from palyra_kernel.identity.devices import DEVICES
from palyra_kernel.identity.pairing.keeping import CODES
from palyra_kernel.identity.pairing.runs import RUNS
from palyra_kernel.identity.pairing.sources import SOURCES
from palyra_kernel.identity.prints import PRINTS
from palyra_kernel.identity.recent import DEVICE_CHANGES
from palyra_kernel.identity.revocations import REVOCATIONS as DEVICE_REVOCATIONS
from palyra_kernel.kernel import incarnation, root_change
from palyra_kernel.kernel import pins as kernel_pins
from palyra_kernel.kernel.backing import COPIED_KEY, BackendRecord, PassedOver
from palyra_kernel.keys import derive, passphrase, recovery, signer
from palyra_kernel.keys.slots import KeyringDocument, Slot
from palyra_kernel.nodes import ledger as leases
from palyra_kernel.nodes.events.log import NODE_EVENT_HEADS, NODE_EVENTS
from palyra_kernel.nodes.grants import GRANTS
from palyra_kernel.nodes.heartbeats import PRESENCE
from palyra_kernel.nodes.ledger import INPUTS, LEASES, LINES, OUTPUTS
from palyra_kernel.nodes.registry import NODES
from palyra_kernel.plugins.pins import Pin
from palyra_kernel.policy.store import POLICIES
from palyra_kernel.records import Change, heads, journal, reseal, seal, sqlite
from palyra_kernel.records.guard import HeadDocument, SetState
from palyra_kernel.records.namespaces import HEAD_KEY
from palyra_kernel.resolve import buckets, known_good
from palyra_kernel.values.framing import frame
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import collect, epochs, index, rekey
from palyra_kernel.vault.backing import BACKEND, BACKEND_KEY
from palyra_kernel.vault.entry import FORMAT, UNANCHORED, Entry, decode_entry
from palyra_kernel.vault.index import ANCHORS, SECRETS
from tests.docs.pages import blocks, page, section, table_rows
from tests.support import VAULT_ID, Parts, edited

PAGE = page("records.md")


def _first_column(heading):
    return [row[0].replace("`", "") for row in table_rows(section(PAGE, heading))]


def _names(heading):
    return [name for cell in _first_column(heading) for name in cell.split(", ")]


def test_every_derived_key_is_listed():
    labels = {
        call.args[2].value
        for place in (derive.DerivedKeys, signer)
        for call in ast.walk(ast.parse(inspect.getsource(place)))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in ("derive", "_mac")
        and isinstance(call.args[2], ast.Constant)
    }
    assert labels == set(_first_column("## Keys derived from the root key"))


def test_the_table_of_the_store_is_as_shown():
    (shown,) = blocks(section(PAGE, "## The record store"), "sql")
    assert (shown.strip(),) == sqlite._SCHEMA


def test_the_record_layout_is_as_shown():
    keys = derive.DerivedKeys(SensitiveBytes(bytes(32)), VAULT_ID, 1)
    value = seal.Sealer(keys).seal(b"key", 7, b"document").value
    assert value is not None
    assert value[:5] == bytes([1, 0, 0, 0, 1])
    binding = frame("palyra record", VAULT_ID, 1) + frame(b"key", 7)
    assert keys.record.decrypt(value[5:17], value[17:], binding) == b"document"
    assert [row[0] for row in table_rows(section(PAGE, "## A sealed record"))] == ["0", "1", "5", "17"]


def test_every_namespace_is_listed():
    listed = _first_column("## Record keys")
    namespaces = (
        SECRETS,
        ANCHORS,
        epochs.KEKS,
        rekey.REKEY,
        kernel_pins.PINS,
        BACKEND,
        ledger.LIVE,
        ledger.PAST,
        ledger.KEYS,
        approver.APPROVERS,
        incarnation.INCARNATIONS,
        journal.EVENTS,
        journal.JOURNAL,
        collect.MARKS,
        buckets.BUCKETS,
        POLICIES,
        ACCESS,
        *(DEVICES, PRINTS, DEVICE_REVOCATIONS, DEVICE_CHANGES),
        ATTEMPTS,
        REVOCATIONS,
        PROFILES,
        FAMILIES,
        CHOICES,
        DOCUMENTS,
        *(STATES, IDENTITY_CA, IDENTITY_ISSUED, CODES, RUNS),
        *(NODES, GRANTS, LINES, LEASES, leases.PAST, leases.KEYS, INPUTS, OUTPUTS, PRESENCE),
        *(SOURCES, DEVICE_SELF, DEVICE_LEASES, DEVICE_GRANTS, NODE_EVENT_HEADS, NODE_EVENTS),
    )
    assert len(listed) == len(namespaces) + 1
    for namespace in namespaces:
        (line,) = [cell for cell in listed if cell.startswith(namespace.prefix.decode())]
        guarded = next(
            row[1] for row in table_rows(section(PAGE, "## Record keys")) if line in row[0].replace("`", "")
        )
        assert guarded == ("guarded" if namespace.guarded else "plain")
    assert HEAD_KEY.decode() in listed
    assert kernel_pins.PIN_KEY.decode() in listed


def test_the_members_of_the_principals_are_listed():
    text = section(PAGE, "## The principals")
    assert _names("## The principals") == list(directory._Line.__struct_fields__)
    assert all(f"`{field}`" in text for field in Grants.__struct_fields__)
    assert f"at most {directory._MOST:,} of them" in text
    assert f"`format` is {directory._FORMAT}" in text


def test_the_members_of_profiles_are_listed():
    assert _names("## Profiles") == list(Profile.__struct_fields__)
    assert _names("## Families") == list(Family.__struct_fields__)
    assert _names("## What documents brought") == list(Kept.__struct_fields__)
    assert _names("## Runtime states") == list(RuntimeState.__struct_fields__)
    for field in ("scope", "provider", "ids"):
        assert f"`{field}`" in section(PAGE, "## Orders and defaults")
    assert f"at most {MAX_KEPT // 2**20} MiB" in section(PAGE, "## What documents brought")


def test_the_members_of_logins_and_revocations_are_listed():
    text = section(PAGE, "## Logins under way")
    assert _names("## Logins under way") == list(attempt.Attempt.__struct_fields__)
    assert _names("## Revocations") == list(Waiting.__struct_fields__)
    assert all(f"`{state}`" in text for state in get_args(attempt.State))
    assert f"at most {MAX_ATTEMPTS:,}" in text
    assert (attempt.TTL_MS, attempt.KEPT_MS, attempt.LONGEST_MS) == (600_000, 600_000, 1_800_000)


def test_buckets_and_last_known_good_values_are_as_shown():
    text = section(PAGE, "## Buckets, and last known good values")
    for field in buckets.Level.__struct_fields__:
        assert f'"{field}":' in text
    assert f"`{known_good.SCOPE}`" in text
    kept = known_good.KnownGood(None, lambda _: "FINGERPRINT")._ref(None)  # type: ignore[arg-type]
    assert f"`{kept.key}`" in text


def test_an_index_key_is_blinded_as_shown(tmp_path):
    parts = Parts(tmp_path / "heads")
    parts.vault.put("principal:alice/token", b"value")
    scope, name = "principal:alice", "token"
    expected = parts.keys.blind("scope", scope)[:16] + parts.keys.blind("secret", scope, name)
    assert parts.store.get(SECRETS.prefix + expected) is not None


def test_the_head_record_has_the_members_that_are_shown():
    shown = section(PAGE, "## The set-hash and the head record")
    for field in (*HeadDocument.__struct_fields__, *SetState.__struct_fields__):
        assert f'"{field}":' in shown


def test_the_head_file_is_as_shown(tmp_path):
    keys = derive.DerivedKeys(SensitiveBytes(bytes(32)), VAULT_ID, 1)
    file = heads.HeadFile(tmp_path / VAULT_ID, keys)
    file.create()
    file.write(heads.Head(5, b"d" * 32))
    data = file.path.read_bytes()
    slot = data[4096:]
    assert (len(data), len(slot)) == (4208, 112)
    body = b"PLYHEAD\x01" + VAULT_ID.encode() + (5).to_bytes(8, "big") + b"d" * 32
    assert slot == body + keys.head_mac(frame(body))
    text = section(PAGE, "## The head file, `heads/VAULT_ID`")
    assert [int(row[0]) for row in table_rows(text)] == [0, 8, 40, 48, 80]
    assert all(number in text for number in ("4,208 bytes", "112 bytes", "offset 4,096"))


def test_the_members_of_an_index_entry_are_listed():
    assert _names("## An index entry") == list(Entry.__struct_fields__)


def test_an_entry_and_its_anchor_are_as_shown(parts):
    """Every row of the table on agreement, for each state that the two can be in."""
    assert str(FORMAT) in table_rows(section(PAGE, "## An index entry"))[0][1]
    assert f"of format {UNANCHORED}" in section(PAGE, "## An index entry")
    assert f"up to {['no', 'one', 'two', 'three', 'four'][index._READ_AGAIN - 1]} times" in PAGE
    parts.vault.put("a", b"value")
    suffix = parts.index.find(VaultRef.parse("a")).suffix
    anchor = parts.store.get(ANCHORS.prefix + suffix)
    assert anchor is not None
    assert parts.records.open(anchor) == b""
    entry = decode_entry(parts.records.read(SECRETS.prefix + suffix).document)
    old = replace(entry, format=UNANCHORED)
    gone, other = anchor._replace(value=None), anchor._replace(version=anchor.version + 1)
    for found, beside, agree in (
        (entry, anchor, True),
        (entry, other, False),
        (entry, gone, False),
        (entry, None, False),
        (old, None, True),
        (old, anchor, False),
        (old, gone, False),
        (None, None, True),
        (None, gone, True),
        (None, anchor, False),
    ):
        assert index._agree(anchor if found else gone, found, beside) is agree


def test_the_members_of_a_rotation_and_of_an_incarnation_are_listed():
    assert _names("## A rotation of the KEK") == list(rekey._State.__struct_fields__)
    assert _names("## The incarnation") == list(incarnation.Incarnation.__struct_fields__)
    causes = [row[1] for row in table_rows(section(PAGE, "## The incarnation")) if row[0] == "`cause`"]
    assert re.findall(r"`(\w+)`", causes[0]) == list(get_args(incarnation.Cause))
    text = section(PAGE, "## A rotation of the KEK")
    assert f"each {rekey._PAGE} entries, or {rekey._BATCH_BYTES >> 20} MiB" in text


def test_a_write_commits_only_under_the_newest_kek(parts):
    change = Change()
    _, epoch = parts.epochs.sealing(change)
    kek, following = (b"g/kek/" + number.to_bytes(4, "big") for number in (epoch, epoch + 1))
    assert change.checks == {kek: parts.records.read(kek).version, following: 0}
    assert "version 0 of `g/kek/` and epoch + 1" in section(PAGE, "## A rotation of the KEK")


def test_the_root_key_is_changed_in_the_order_of_the_table(places, monkeypatch):
    """What a crash leaves, as the table says it, follows from this order and no other."""
    steps = (
        (root_change, "make_slot"),
        (root_change, "write_keyring"),
        (reseal, "verify_records"),
        (heads.HeadFile, "hand_over"),
        (sqlite.SqliteRecordStore, "commit"),
        (heads.HeadFile, "adopt"),
        (sqlite.SqliteRecordStore, "purge"),
        (root_change, "forget_slot"),
        (root_change, "fsync_folder"),
    )
    seen = []

    def note(number, real):
        def noted(*args, **options):
            seen.append(number)
            return real(*args, **options)

        return noted

    with places.create() as kernel:
        vault_id = kernel.vault_id
        for number, (owner, name) in enumerate(steps, 1):
            monkeypatch.setattr(owner, name, note(number, getattr(owner, name)))
        kernel.rekey_root()
    listed = [int(row[0]) for row in table_rows(section(PAGE, "## A new root key"))]
    assert seen == listed == list(range(1, len(steps) + 1))
    slot = json.loads((places.state_root / "keyring.json").read_text())["document"]["slots"][0]
    (path,) = (places.config_dir / "keys").iterdir()
    assert path.name == f"{vault_id}.{slot['id']}.key" == slot["data"]["file"]
    assert "`keys/VAULT_ID.SLOT_ID.key`" in section(PAGE, "## keyring.json")


def test_the_head_is_handed_over_as_told(tmp_path):
    old, new = (derive.DerivedKeys(SensitiveBytes(bytes([each]) * 32), VAULT_ID, 1) for each in (1, 2))
    file, other = (heads.HeadFile(tmp_path / VAULT_ID, keys) for keys in (old, new))
    file.create()
    for generation in (5, 6):
        file.write(heads.Head(generation, b"d" * 32))
        file.hand_over(other)
        assert file.read() == (generation, b"d" * 32)
        assert other.read() == (generation, bytes(32))


def test_a_kek_is_as_shown():
    change = epochs.new_epoch(3)
    ((key, document),) = change.puts.items()
    assert key == b"g/kek/" + (3).to_bytes(4, "big")
    assert (len(document), bytes(document[:8])) == (48, b"PLYKEK\r\x01")
    assert _first_column("## A KEK") == ["0", "8", "16"]


def test_the_members_of_the_backend_record_are_named():
    text = section(PAGE, "## The backend, and a move to another one")
    listed = {row[0].strip("`") for row in table_rows(text)}
    assert listed == set(BackendRecord.__struct_fields__)
    for name in (*PassedOver.__struct_fields__, "cursor", "weaker", "may_ask"):
        assert f"`{name}`" in text, name
    for key in (BACKEND_KEY, COPIED_KEY):
        assert f"`{key.decode()}`" in text


def test_the_members_of_the_pins_are_named():
    text = section(PAGE, "## The pins")
    for name in (
        *kernel_pins.Pins.__struct_fields__,
        *kernel_pins.ALIASES,
        *kernel_pins.ALIASES.values(),
    ):
        assert f"`{name}`" in text


def test_the_members_of_the_keyring_are_listed():
    text = section(PAGE, "## keyring.json")
    listed = [row[0].strip("`") for row in table_rows(text)]
    fields = list(KeyringDocument.__struct_fields__)
    assert listed[: len(fields)] == fields
    assert all(f"`{name}`" in text for name in Slot.__struct_fields__)


def test_the_context_of_a_slot_is_as_shown():
    context = SlotContext(vault_id=VAULT_ID, slot_id="00112233", kind="acme", params={"b": 2, "a": "x"})
    shown = ("palyra slot v1", VAULT_ID, "00112233", "acme", "a", "str", "x", "b", "int", "2")
    assert context.encode() == frame(*shown)


def test_the_numbers_of_a_passphrase_slot_are_right():
    row = next(row for row in table_rows(section(PAGE, "## keyring.json")) if row[0] == "`passphrase`")
    assert row[1] == ", ".join(f"`{name}`" for name in passphrase.DEFAULTS)
    memory, iterations, lanes = passphrase.DEFAULTS.values()
    assert f"Default {memory:,} KiB, {iterations} passes, {lanes} lanes" in row[3]
    bounds = [f"{low:,} to {high:,}" for low, high in passphrase._BOUNDS.values()]
    assert f"Bounds: {bounds[0]} KiB, {bounds[1]}, {bounds[2]};" in row[3]


@pytest.mark.parametrize("suite", recovery.SUITES)
def test_the_recovery_suites_are_as_shown(suite):
    text = section(PAGE, "## keyring.json")
    assert f"{recovery.SUITES[suite]} is `{suite}`" in " ".join(text.split())
    key, params = recovery.generate(suite)
    context = SlotContext(vault_id=VAULT_ID, slot_id="00112233", kind="recovery", params=params)
    data = recovery.RecoveryProtector().wrap(SensitiveBytes(bytes(32)), context, Unlock())
    assert (set(params), set(data)) == ({"suite", "public_key"}, {"wrapped"})
    body = base64.b32decode(
        (packed := key.reveal().removeprefix(b"PALYRA-RECOVERY-").replace(b"-", b""))
        + b"=" * (-len(packed) % 8)
    )
    assert len(body) == 1 + recovery._PRIVATE_BYTES[suite] + 4
    assert f"{recovery._PRIVATE_BYTES[suite]}" in text


def test_the_members_of_a_plugin_pin_are_listed():
    assert _names("## plugins.lock") == list(Pin.__struct_fields__)


def test_the_format_of_the_store_is_as_shown(places):
    places.create().close()
    with edited(places.records_db) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    assert f"`{version:#010x}`" in section(PAGE, "## The record store")


def test_a_small_document_and_its_mac_are_as_shown(places):
    places.create().close()
    text = (places.state_root / "keyring.json").read_text("utf-8")
    wrapped = json.loads(text)
    document = text[text.index("{", 1) : text.rindex("}")]
    assert hashlib.sha256(document.encode()).hexdigest() == wrapped["checksum"]
    with places.open() as kernel:
        compact = json.dumps(wrapped["document"] | {"mac": ""}, separators=(",", ":"))
        mac = kernel._records.keys.keyring_mac(compact.encode())
    assert mac.hex() == wrapped["document"]["mac"]
