"""Writes the golden files of format version 1. They are written once; every later version must open them.

Run as ``python tests/vectors/make.py``; it makes what is missing and replaces nothing. A new format gets new files
beside these.
"""

import json
import shutil
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel import Kernel, SensitiveBytes, Unlock
from palyra_kernel.audit import Audit, Event
from palyra_kernel.contracts.protectors import SlotContext
from palyra_kernel.contracts.wrapping import seal_key, slot_text
from palyra_kernel.keys import recovery
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.passphrase import PassphraseProtector
from palyra_kernel.keys.recovery import RecoveryProtector
from palyra_kernel.records.journal import event_key
from palyra_kernel.records.seal import Sealer
from palyra_kernel.vault import envelope

HERE = Path(__file__).parent
VAULT_ID = "00112233445566778899aabbccddeeff"
ROOT = bytes(range(32))


def envelopes():
    kek = bytes(range(100, 132))
    cases = []
    for scope, key, version, epoch, value in (
        ("global", "openai/api_key", 1, 1, b"sk-golden"),
        ("channel:irc:#a:b", "Token", 7, 2, bytes(range(256))),
        ("principal:jos\u00e9", "empty", 2**53 - 1, 3, b""),
    ):
        binding = envelope.Binding(VAULT_ID, scope, key, version)
        blob = envelope.seal(value, binding, ChaCha20Poly1305(kek), epoch)
        cases.append(
            {
                "scope": scope,
                "key": key,
                "version": version,
                "epoch": epoch,
                "value": value.hex(),
                "envelope": blob.hex(),
            }
        )
    return {"vault_id": VAULT_ID, "kek": kek.hex(), "cases": cases}


def records():
    keys = DerivedKeys(SensitiveBytes(ROOT), VAULT_ID, 1)
    sealer = Sealer(keys)
    cases = []
    for key, version, document in (
        (b"head", 3, b'{"format":1}'),
        (b"g/vault/" + bytes(48), 1, b""),
        (b"p/gc/x", 9, b"\0\xff"),
    ):
        sealed = sealer.seal(key, version, document).value or b""
        cases.append(
            {"key": key.hex(), "version": version, "document": document.hex(), "sealed": sealed.hex()}
        )
    derived = {
        "blind": keys.blind("secret", "global", "a").hex(),
        "set_element": f"{keys.set_element(b'element'):064x}",
        "head_mac": keys.head_mac(b"head").hex(),
        "keyring_mac": keys.keyring_mac(b"keyring").hex(),
    }
    return {"root": ROOT.hex(), "vault_id": VAULT_ID, "epoch": 1, "derived": derived, "cases": cases}


def slots():
    root = SensitiveBytes(ROOT)
    file_key = bytes(range(32, 64))
    cases = []

    def add(kind, params, data, **unlock):
        cases.append({"kind": kind, "slot_id": "0011aabb", "params": params, "data": dict(data), **unlock})

    context = SlotContext(vault_id=VAULT_ID, slot_id="0011aabb", kind="file", params={})
    sealed = seal_key(root, SensitiveBytes(file_key), context.encode())
    add("file", {}, {"wrapped": slot_text(sealed)}, key_file=file_key.hex())
    params = {"memory_kib": 8192, "iterations": 1, "lanes": 2}
    context = SlotContext(vault_id=VAULT_ID, slot_id="0011aabb", kind="passphrase", params=params)
    unlock = Unlock(passphrase=SensitiveBytes(b"correct horse"))
    add("passphrase", params, PassphraseProtector().wrap(root, context, unlock), passphrase="correct horse")
    for suite in recovery.SUITES:
        text, public = recovery.generate(suite)
        context = SlotContext(vault_id=VAULT_ID, slot_id="0011aabb", kind="recovery", params=public)
        data = RecoveryProtector().wrap(root, context, Unlock())
        add("recovery", dict(public), data, recovery_key=text.reveal().decode())
    return {"root": ROOT.hex(), "vault_id": VAULT_ID, "cases": cases}


def audit():
    """Events with their salts and hashes, and exports of them, one with fields left out."""
    events = (
        Event(
            time_ms=1,
            principal="user:1000",
            action="vault.status",
            resource="vault:own",
            outcome="allowed",
            code="a",
        ),
        Event(
            time_ms=2**53,
            principal="channel:irc:#ops",
            action="secret.read",
            resource="secret:principal:jos\u00e9/key",
            outcome="denied",
            code="policy.baseline_deny",
            purpose="line\nbreak \u0000",
            rules=("one", "two"),
            details={"b": "1", "a": ""},
            version=7,
            count=3,
            end_time_ms=2**53 + 1,
        ),
    )
    base = Path(tempfile.mkdtemp())
    seed = bytes(range(200, 232))
    with Kernel.open(
        state_root=base / "state", config_dir=base / "config", plugins=["file"], create=True
    ) as kernel:
        log = Audit(kernel._records, lambda: SensitiveBytes(seed))
        for event in events:
            log.write(event)
        exports = []
        for redacted in ((), ("actor.user.uid", "unmapped.purpose")):
            lines: list[bytes] = []
            report = log.export(lines.append, redacted=redacted)
            exports.append({"text": b"".join(lines).decode(), "signer": report.signer, "redacted": redacted})
        cases = [
            {
                "number": told.number,
                "previous": told.previous.hex(),
                "salt": told.opened.salt.hex(),
                "fields": told.opened.fields,
                "commitment": told.opened.commitment.hex(),
                "hash": told.hash.hex(),
                "document": (kernel._records.read(event_key(told.number)).document or b"").hex(),
            }
            for told in log.tail(10)
        ]
        log.close()
    shutil.rmtree(base)
    return {"seed": seed.hex(), "cases": cases, "exports": exports}


def vault():
    """A whole vault, as files: two secrets, three versions, a tombstone, a passphrase slot."""
    base = Path(tempfile.mkdtemp())
    with Kernel.open(
        state_root=base / "state", config_dir=base / "config", plugins=["file"], create=True
    ) as kernel:
        for value in (b"one", b"two", bytes(range(256))):
            kernel.vault.put("global/openai/api_key", value, labels={"env": "golden"})
        kernel.vault.put("skill:weather/token", b"rain")
        kernel.vault.put("global/gone", b"x")
        kernel.vault.delete("global/gone")
        kernel.slots.add(
            "passphrase",
            Unlock(passphrase=SensitiveBytes(b"correct horse")),
            unlock=Unlock(),
            params={"memory_kib": 8192, "iterations": 1, "lanes": 1},
        )
    return base


def backup(folder):
    """A small backup, and the paper that opens it."""
    folder.mkdir()
    base = Path(tempfile.mkdtemp())
    text, params = recovery.generate()
    with Kernel.open(
        state_root=base / "state", config_dir=base / "config", plugins=["file"], create=True
    ) as kernel:
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        for value in (b"one", b"two", bytes(range(256))):
            kernel.vault.put("global/openai/api_key", value, labels={"env": "golden"})
        for name in ("token", "map"):  # more than one chunk
            kernel.vault.put(f"skill:weather/{name}", b"rain" * 10_000)
        kernel.vault.put("global/gone", b"x")
        kernel.vault.delete("global/gone")
        made = kernel.backup(folder / "vault.backup", unlock=Unlock())
    (folder / "sheet.txt").write_bytes(text.reveal() + f"\nsigner: {made.signer}\n".encode())
    shutil.rmtree(base)


def main():
    for name, make in (
        ("envelope-v1", envelopes),
        ("record-v1", records),
        ("slot-v1", slots),
        ("audit-v1", audit),
    ):
        path = HERE / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(make(), indent=1) + "\n")
    if not (HERE / "backup-v1").exists():
        backup(HERE / "backup-v1")
    if (HERE / "vault-v1").exists():
        return
    base = vault()
    for path in base.rglob("*"):
        if path.name.endswith(".lock"):
            path.unlink()
    shutil.copytree(base, HERE / "vault-v1")
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
