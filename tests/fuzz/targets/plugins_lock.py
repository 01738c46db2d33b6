"""``plugins.lock``."""

from palyra_kernel.plugins.pins import LOCK_FILE, Pin, _encode, read_pins
from palyra_kernel.plugins.verify import check_pin
from tests.fuzz.oracles import checksummed, folder, result, written

JSON = True

_PIN = Pin(
    name="file",
    entry_point="palyra_backend_file",
    distribution="palyra-backend-file",
    version="0.1.0",
    path="/nowhere/palyra_backend_file-0.1.0.dist-info",
    record="sha256:" + "0" * 64,
    requires_kernel="<0.2,>=0.1",
    kernel="0.1.0",
)


def seeds():
    file = _encode({"file": _PIN})
    document = file[file.index(b"document") + 11 : -2]
    return {
        "file": file,
        "document": document,
        "editable": document.replace(b"sha256:" + b"0" * 64, b"editable"),
        "none": b'{"format":1,"plugins":[]}',
        "relative": document.replace(b"/nowhere/", b"nowhere/"),
        "nul": document.replace(b"/nowhere/", b"/no\\u0000where/"),
        "attribute": document.replace(b'"palyra_backend_file"', b'"a.b:c.d"'),
        "format-2": document.replace(b'"format": 1', b'"format": 2'),
        "name": document.replace(b'"file"', b'"builtin.file"'),
    }


def check(data: bytes) -> None:
    """Tried as a file and as the document in one: pins are written and read again as the same, and each can be
    compared with what is installed, whatever its path is."""
    for content in (data, checksummed(data)):
        pins = result(read_pins, written(LOCK_FILE, content).parent)
        if pins is None:
            continue
        assert list(pins) == sorted(pins)
        written(LOCK_FILE, _encode(pins))
        assert read_pins(folder()) == pins
        for pin in pins.values():
            assert result(check_pin, pin) is None, "no such distribution is installed"
