"""Slot data and parameters, as each protector meets them before anything has authenticated them."""

import msgspec

from palyra_kernel.contracts import Unlock
from palyra_kernel.keys.builtin import palyra_key_protectors
from palyra_kernel.keys.slots import Slot
from palyra_kernel.keys.unlock import open_slot
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import result, vectors, written

JSON = True

_GOLDEN = vectors("slot-v1")
_PROTECTORS = {each.kind: each() for each in palyra_key_protectors()}
_COST = {"memory_kib": 8_192, "iterations": 1, "lanes": 4}


def seeds():
    cases = {
        f"{case['kind']}-{number}": msgspec.json.encode(_slot(case))
        for number, case in enumerate(_GOLDEN["cases"])
    }
    passphrase, recovery = cases["passphrase-1"], cases["recovery-2"]
    return {
        **cases,
        "memory-big": passphrase.replace(b"8192", b"1048577"),
        "iterations-0": passphrase.replace(b'"iterations":1', b'"iterations":0'),
        "lanes-text": passphrase.replace(b'"lanes":2', b'"lanes":"2"'),
        "suite-unknown": recovery.replace(b'"x25519"', b'"x448"'),
        "low-order": recovery.replace(b'"wrapped":"De7A', b'"wrapped":"AAAA'),
        "no-data": b'{"id":"0011aabb","kind":"file","params":{},"data":{},"created_at_ms":1}',
    }


def _slot(case) -> Slot:
    return Slot(
        id=case["slot_id"], kind=case["kind"], params=case["params"], data=case["data"], created_at_ms=1
    )


def check(data: bytes) -> None:
    """A slot that opens gives the golden root key, and everything that its protector read is golden."""
    try:
        slot = msgspec.json.decode(data, type=Slot)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # the target `keyring` has these
    if slot.kind == "passphrase" and _expensive(slot):
        return
    for case in _GOLDEN["cases"]:
        if case["kind"] != slot.kind:
            continue
        root = result(open_slot, _GOLDEN["vault_id"], slot, _PROTECTORS.get, _unlock(case))
        if root is not None:
            assert root.reveal() == bytes.fromhex(_GOLDEN["root"])
            assert (slot.id, slot.params) == (case["slot_id"], case["params"])
            assert case["data"].items() <= slot.data.items()


def _expensive(slot: Slot) -> bool:
    """Legal, and too much for thousands of runs. What is out of bounds must be refused at once, so it is run."""
    legal = {"memory_kib": 1_048_576, "iterations": 64, "lanes": 64}
    numbers = {name: slot.params.get(name) for name in legal}
    return any(
        isinstance(number, int) and _COST[name] < number <= legal[name] for name, number in numbers.items()
    )


def _unlock(case) -> Unlock:
    key_file = bytes.fromhex(_GOLDEN["cases"][0]["key_file"])
    return Unlock(
        key_folder=written(f"{_GOLDEN['vault_id']}.key", key_file).parent,
        passphrase=SensitiveBytes(b"correct horse"),
        recovery_key=SensitiveBytes(case.get("recovery_key", "").encode()),
    )
