"""Sealed records: a store may hand us any bytes for them."""

from palyra_kernel.contracts.records import StoredRecord
from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.seal import Sealer
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import result, vectors

JSON = False

_GOLDEN = vectors("record-v1")
_SEALER = Sealer(
    DerivedKeys(SensitiveBytes(bytes.fromhex(_GOLDEN["root"])), _GOLDEN["vault_id"], _GOLDEN["epoch"])
)


def seeds():
    sealed = [bytes.fromhex(case["sealed"]) for case in _GOLDEN["cases"]]
    return {
        **{f"golden-{number}": value for number, value in enumerate(sealed)},
        "format-2": b"\x02" + sealed[0][1:],
        "epoch-2": sealed[0][:4] + b"\x02" + sealed[0][5:],
        "cut": sealed[1][:-1],
        "empty": b"",
    }


def check(data: bytes) -> None:
    """What opens is the golden record of that key and version, byte for byte."""
    for case in _GOLDEN["cases"]:
        record = StoredRecord(bytes.fromhex(case["key"]), case["version"], data)
        document = result(_SEALER.open, record)
        secret = result(_SEALER.open_secret, record)
        assert (document is None) == (secret is None)
        if document is not None and secret is not None:
            assert data.hex() == case["sealed"]
            assert document == secret.reveal() == bytes.fromhex(case["document"])
