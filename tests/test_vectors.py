"""What version 1 wrote, every later version reads: golden envelopes, records, slots and a whole vault."""

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from palyra_kernel import SensitiveBytes, StoredRecord, Unlock
from palyra_kernel.contracts.protectors import SlotContext
from palyra_kernel.errors import IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.keys.file import FileProtector
from palyra_kernel.keys.passphrase import PassphraseProtector
from palyra_kernel.keys.recovery import RecoveryProtector
from palyra_kernel.records.seal import Sealer
from palyra_kernel.vault import envelope
from tests.support import Places

VECTORS = Path(__file__).parent / "vectors"
PROTECTORS = {each.kind: each for each in (FileProtector, PassphraseProtector, RecoveryProtector)}


def load(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def cases(name):
    return [pytest.param(case, id=str(number)) for number, case in enumerate(load(name)["cases"])]


@pytest.mark.parametrize("case", cases("envelope-v1"))
def test_envelopes(case):
    golden = load("envelope-v1")
    keks = {case["epoch"]: ChaCha20Poly1305(bytes.fromhex(golden["kek"]))}
    binding = envelope.Binding(golden["vault_id"], case["scope"], case["key"], case["version"])
    blob = bytes.fromhex(case["envelope"])
    assert envelope.open_envelope(blob, binding, keks) == bytes.fromhex(case["value"])
    for wrong in (
        binding._replace(scope="skill:x"),
        binding._replace(key="other"),
        binding._replace(version=case["version"] - 1),
        binding._replace(vault_id="f" * 32),
    ):
        with pytest.raises(IntegrityError):
            envelope.open_envelope(blob, wrong, keks)


@pytest.mark.parametrize("case", cases("envelope-v1"))
def test_every_byte_of_an_envelope_counts(case):
    golden = load("envelope-v1")
    keks = dict.fromkeys(range(64), ChaCha20Poly1305(bytes.fromhex(golden["kek"])))
    binding = envelope.Binding(golden["vault_id"], case["scope"], case["key"], case["version"])
    blob = bytes.fromhex(case["envelope"])
    for position in range(len(blob)):
        flipped = bytearray(blob)
        flipped[position] ^= 1
        with pytest.raises((IntegrityError, UnavailableError)):
            envelope.open_envelope(bytes(flipped), binding, keks)


@pytest.mark.parametrize("case", cases("record-v1"))
def test_records(case):
    golden = load("record-v1")
    keys = DerivedKeys(SensitiveBytes(bytes.fromhex(golden["root"])), golden["vault_id"], golden["epoch"])
    record = StoredRecord(bytes.fromhex(case["key"]), case["version"], bytes.fromhex(case["sealed"]))
    assert Sealer(keys).open(record) == bytes.fromhex(case["document"])
    assert keys.blind("secret", "global", "a").hex() == golden["derived"]["blind"]
    assert f"{keys.set_element(b'element'):064x}" == golden["derived"]["set_element"]
    assert keys.head_mac(b"head").hex() == golden["derived"]["head_mac"]
    assert keys.keyring_mac(b"keyring").hex() == golden["derived"]["keyring_mac"]


@pytest.mark.parametrize("case", cases("slot-v1"))
def test_slots(case, tmp_path):
    golden = load("slot-v1")
    context = SlotContext(
        vault_id=golden["vault_id"], slot_id=case["slot_id"], kind=case["kind"], params=case["params"]
    )
    if "key_file" in case:
        path = tmp_path / f"{golden['vault_id']}.key"
        path.write_bytes(bytes.fromhex(case["key_file"]))
        path.chmod(0o600)
    unlock = Unlock(
        key_folder=tmp_path,
        passphrase=SensitiveBytes(case.get("passphrase", "").encode()),
        recovery_key=SensitiveBytes(case.get("recovery_key", "").encode()),
    )
    protector = PROTECTORS[case["kind"]]()
    assert protector.unwrap(case["data"], context, unlock) == bytes.fromhex(golden["root"])


@pytest.mark.parametrize("unlock", [None, b"correct horse"], ids=["file slot", "passphrase slot"])
def test_a_whole_vault(tmp_path, unlock):
    shutil.copytree(VECTORS / "vault-v1", tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "state", tmp_path / "config"):
        path.chmod(0o700)
        for each in path.rglob("*"):
            each.chmod(0o700 if each.is_dir() else 0o600)
    places = Places(tmp_path)
    if unlock:
        next((places.config_dir / "keys").iterdir()).unlink()
    with places.open(unlock=Unlock(passphrase=SensitiveBytes(unlock)) if unlock else None) as kernel:
        assert kernel.vault.get("global/openai/api_key") == bytes(range(256))
        assert kernel.vault.get("global/openai/api_key?version=1") == b"one"
        assert kernel.vault.stat("openai/api_key").labels == {"env": "golden"}
        assert kernel.vault.get("skill:weather/token") == b"rain"
        with pytest.raises(NotFoundError):
            kernel.vault.get("global/gone")
        assert kernel.verify() == []
        assert kernel.vault.put("global/openai/api_key", b"new").version == 4
