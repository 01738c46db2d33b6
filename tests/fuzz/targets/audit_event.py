"""Events of the audit log, with a commitment that fits: whoever has the keys of a vault may put any there."""

from palyra_kernel.audit.encoding import BODY, Opened, decode
from palyra_kernel.audit.lines import decode_line, encode_line, event_line, proved_hash
from palyra_kernel.records.journal import event_hash
from tests.fuzz.oracles import result, vectors

JSON = True

_DOCUMENTS = [bytes.fromhex(case["document"])[32:] for case in vectors("audit-v1")["cases"]]


def seeds():
    return {
        **{f"golden-{number}": document[BODY:] for number, document in enumerate(_DOCUMENTS)},
        "huge-number": b'{"time":9223372036854775808}',
        "negative": b'{"time":-1,"a":[],"b":{}}',
        "twice": b'{"time":1,"time":2}',
        "no-event": b'{"x":"y"}',
        "surrogate": b'{"x":"\\ud800"}',
    }


def check(data: bytes) -> None:
    """What has another commitment is refused; what has its own is an export line that comes back as it was."""
    for document in _DOCUMENTS:
        whole = document[:BODY] + data
        opened = result(decode, whole)
        if opened is not None:
            assert sorted(opened.fields.items()) == sorted(decode(document).fields.items())
    opened = result(_committed, data)
    if opened is None:
        return
    event = result(lambda: opened.event)
    assert event is None or event.count >= 1
    proved = event_hash(1, bytes(32), opened.commitment)
    for redacted in ((), tuple(opened.fields)[:1], tuple(opened.fields)):
        line = event_line(1, proved, opened.fields, opened.salt, redacted)
        assert decode_line(encode_line(line)) == line
        assert proved_hash(line, bytes(32)) == proved


def _committed(data: bytes) -> Opened:
    from palyra_kernel.audit import encoding

    salt = bytes(32)
    fields = encoding._parse(data)
    return decode(encoding._commit(fields, salt) + salt + data)
