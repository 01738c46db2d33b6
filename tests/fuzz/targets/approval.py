"""The document of an approval, under the seal of a record, and what commands show of it."""

import msgspec

from palyra_kernel.approvals.approval import decode_approval, encode_approval
from palyra_kernel.cli.approvals.views import described, explained, summary
from tests.fuzz.oracles import result

JSON = True

_ID = b"01K0ZQ4T5N8W9XJ3V7C2M6B1HD"
_DOCUMENT = (
    b'{"format":1,"id":"%s","binding":{"principal":"agent:planner","action":"tool.execute","resource":"tool:shell",'
    b'"arguments":"","tool":"shell","skill":null,"workspace":null},"obligation":{"code":"policy.x","approvers":["Owner"],'
    b'"quorum":1,"max_ttl_seconds":900,"options":["once","session","timeboxed"],"self_decision":false},"rules":["r1"],'
    b'"policy":"p","incarnation":"i","session":"s","surface":"cli","purpose":"","vouched_by":null,"shown":"{}","key":null,'
    b'"asked_ms":1790000000000,"state":"pending","since_ms":1790000000000,"until_ms":1790003600000,"votes":[],'
    b'"option":null}' % _ID
)
_VOTE = (
    b'[{"decider":"user:a","allow":true,"option":"once","ttl_seconds":900,"method":"passphrase","device":"","reason":"ok",'
    b'"at_ms":1790000000000}]'
)


def seeds():
    return {
        "pending": _DOCUMENT,
        "voted": _DOCUMENT.replace(b"[]", _VOTE),
        "hidden": _DOCUMENT.replace(b'"purpose":""', '"purpose":"\u202e\x7f\\u001b"'.encode()),
        "no-json-shown": _DOCUMENT.replace(b'"{}"', b'"{"'),
        "far": _DOCUMENT.replace(b"1790003600000", b"253402300800000"),
        "endless": _DOCUMENT.replace(b"1790003600000", b"9" * 300),
        "before": _DOCUMENT.replace(b"1790003600000", b"-1"),
        "no-option": _DOCUMENT.replace(b'"pending"', b'"allowed"'),
        "state": _DOCUMENT.replace(b'"pending"', b'"granted"'),
        "unknown": _DOCUMENT.replace(b'"key":null', b'"key":null,"more":1'),
        "format-2": _DOCUMENT.replace(b'"format":1', b'"format":2'),
        "not-utf8": _DOCUMENT.replace(b"planner", b"\xff"),
    }


def check(data: bytes) -> None:
    """What is accepted is encoded and read again as the same, and can be shown, with nothing hidden."""
    approval = result(decode_approval, data)
    if approval is None:
        return
    assert decode_approval(encode_approval(approval)) == approval
    assert approval.at(2**62, "i").over(2**62)
    assert msgspec.json.encode(described(approval))
    for line in (*explained(approval), *summary(approval)):
        assert line.isprintable()
