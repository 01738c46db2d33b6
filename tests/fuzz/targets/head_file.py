"""The head file: two slots, of which a power cut or an enemy may have changed any byte."""

import hashlib
from functools import cache

from palyra_kernel.keys.derive import DerivedKeys
from palyra_kernel.records.heads import EMPTY, Head, HeadFile
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.fuzz.oracles import folder, result, written

JSON = False

_VAULT_ID = "0123456789abcdef0123456789abcdef"
_KEYS = DerivedKeys(SensitiveBytes(bytes(32)), _VAULT_ID, 1)
_STEP = 4096
_SLOT = 112


@cache
def _golden() -> dict[Head, bytes]:
    """The slots that the key holder wrote for three heads."""
    heads = [EMPTY, *(Head(number, hashlib.sha256(bytes([number])).digest()) for number in (7, 8))]
    slots = {}
    for head in heads:
        file = HeadFile(folder() / "golden", _KEYS)
        file.adopt(head)
        slots[head] = file.path.read_bytes()[:_SLOT]
    return slots


def seeds():
    empty, odd, even = _golden().values()
    return {
        "empty": empty.ljust(_STEP, b"\0") + empty,
        "two": even.ljust(_STEP, b"\0") + odd,
        "torn": even[:50].ljust(_STEP, b"\0") + odd,
        "one-slot": even,
        "longer": even.ljust(_STEP, b"\0") + odd + b"\0",
        "nothing": b"",
    }


def check(data: bytes) -> None:
    """Whatever is read is a head that the key holder wrote, whole in its slot, and the newest such. A short input is
    tried as the first slot beside a golden second one, too: four kilobytes of zeros lead a fuzzer nowhere."""
    for content in (data, data[:_STEP].ljust(_STEP, b"\0") + _golden()[EMPTY]):
        head = result(HeadFile(written("head", content), _KEYS).read)
        whole = [
            golden
            for golden, slot in _golden().items()
            if slot in (content[:_SLOT], content[_STEP : _STEP + _SLOT])
        ]
        assert head == max(whole, default=None)
