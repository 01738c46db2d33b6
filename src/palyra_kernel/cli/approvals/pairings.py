"""An approval that lets a device in, for whoever decides: what to compare stands first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from palyra_kernel.approvals import Approval
from palyra_kernel.approvals.shown import visible
from palyra_kernel.values.decoding import decode_json

ACTIONS = frozenset(("device.pair", "device.replace_key"))
_NAMES = {
    "words": "words",
    "digits": "digits",
    "name": "name",
    "kind": "kind",
    "replaces": "old key",
    "fingerprint": "new key",
    "source": "from",
    "method": "code",
    "run": "pairing",
    "transcript": "transcript",
}
"""Each fact as it is called where pairings are shown, in their order."""


def pairing_rows(approval: Approval) -> Iterator[tuple[str, str]]:
    """Nothing for an approval of anything else, or where masking took a part of the text along."""
    facts = _facts(approval) if approval.binding.action in ACTIONS else {}
    if not facts:
        return
    if "replaces" in facts:
        yield "beware", "*** ANOTHER KEY FOR A KNOWN DEVICE *** The device of before is out then."
    yield "compare", "the device shows the same words and digits, or somebody is in between"
    for name, shown in _NAMES.items():
        if facts.get(name):
            yield shown, visible(facts[name])
    for name in sorted(facts.keys() - _NAMES.keys() - {"device"}):
        yield visible(name), visible(facts[name])


def _facts(approval: Approval) -> Mapping[str, str]:
    try:
        return decode_json(approval.shown.encode(), dict[str, str])
    except (msgspec.DecodeError, UnicodeError):
        return {}
