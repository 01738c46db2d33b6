"""What can happen to a device, and what its certificates and fingerprints are then."""

import pytest
from msgspec.structs import replace

from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.identity.device import decoded, encoded
from palyra_kernel.identity.names import KINDS
from palyra_kernel.identity.renewal import renew_at_ms
from palyra_kernel.records import Change
from tests.identity.devices.registry import DAY, HINT, NOW, Registry, device_of, leaf_at


def code_of(error, call, *arguments, **options):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    return caught.value.code


def test_a_device_is_read_as_it_was_written(registry):
    """A key that nobody keeps cannot be compared with the next one: it is in the record."""
    device, leaf = device_of("desktop"), leaf_at(NOW)
    registry.enrol(device, leaf)
    found = registry.devices.find(device.id)
    assert found.identity_key == device.identity_key
    assert (found.approved_by, found.paired_at_ms, found.next) == ("user:1000", NOW, leaf)
    assert decoded(encoded(found)) == found
    assert [each.id for each in registry.devices.all()] == [device.id]


def test_a_renewal_breaks_nothing_before_it_is_used(registry):
    """Hazard H17: rotating revoked the live certificate at once, and a device that lost the answer was bricked."""
    ulid, old = registry.paired()
    registry.ask_renewal(ulid)
    assert registry.known(old) == ulid
    assert registry.devices.find(ulid).renewal_wanted
    new = leaf_at(NOW)
    registry.issue(ulid, new)
    assert not registry.devices.find(ulid).renewal_wanted
    assert (registry.known(old), registry.known(new)) == (ulid, ulid)
    assert registry.use(ulid, new)
    assert (registry.known(old), registry.known(new)) == (None, ulid)
    assert not registry.use(ulid, new)  # the second use is no news
    assert code_of(DeniedError, registry.use, ulid, old) == "certificate_dead"


def test_an_answer_that_was_lost_is_asked_for_again(registry):
    """Hazard H17: the device that never got its new certificate still has the old one, and the lost one is dead."""
    ulid, old = registry.paired()
    lost, new = leaf_at(NOW), leaf_at(NOW)
    registry.issue(ulid, lost)
    registry.issue(ulid, new)
    assert (registry.known(old), registry.known(lost), registry.known(new)) == (ulid, None, ulid)
    assert code_of(DeniedError, registry.use, ulid, lost) == "certificate_dead"


def test_a_restart_issues_nothing(registry, parts):
    """Hazard H17: after a restart every device was given a new certificate, since the old key was not at hand."""

    leaves = dict(registry.paired() for _ in range(100))
    before = parts.records.check_head().generation
    again = Registry(parts.records)
    for device in again.devices.all():
        assert not device.renewal_wanted
        assert device.certificate is not None
        assert renew_at_ms(device.certificate, 0.0) > NOW + DAY // 4
        assert again.known(leaves[device.id]) == device.id
    assert parts.records.check_head().generation == before


def test_only_what_is_current_or_in_grace_stands_for_a_device(registry):
    """Hazard H18: fingerprints of long ago still named the device."""
    ulid, first = registry.paired()
    history = [first]
    for _ in range(40):
        leaf = leaf_at(NOW)
        registry.issue(ulid, leaf)
        registry.use(ulid, leaf)
        history.append(leaf)
    assert [registry.known(leaf) for leaf in history] == [None] * 40 + [ulid]
    for leaf in history:
        assert code_of(ConflictError, registry.issue, ulid, leaf) == "certificate_known"
    last = history[-1]
    assert registry.known(last, last.not_after_ms) == ulid
    assert registry.known(last, last.not_after_ms + 1) is None
    assert registry.known(last, last.not_before_ms - 1) is None


def test_all_certificates_of_a_revoked_device_are_on_the_list(registry):
    """Hazard H18: those that were replaced before they expired too, however many there were."""
    ulid, first = registry.paired()
    history = [first]
    for _ in range(20):
        leaf = leaf_at(NOW)
        registry.issue(ulid, leaf)
        registry.use(ulid, leaf)
        history.append(leaf)
    waiting = leaf_at(NOW)
    registry.issue(ulid, waiting)
    registry.revoke(ulid, "stolen")
    for leaf in (*history, waiting):
        assert registry.known(leaf) is None
        entry = registry.revocations.certificate(leaf.print)
        assert entry is not None
        assert entry.device == ulid
        assert entry.leaf == leaf


def test_removing_keeps_the_tombstone(registry):
    """Hazard H18: removing a revoked device cleared its ban, so it could come back."""
    ulid, leaf = registry.paired()
    device = registry.devices.find(ulid)
    registry.revoke(ulid)
    registry.remove(ulid)
    assert registry.devices.find(ulid).state == "removed"
    assert registry.revocations.device(ulid)
    assert code_of(DeniedError, registry.enrol, device_of(id=ulid)) == "device_banned"
    assert [entry.what for entry in registry.unban(ulid)] in (["device", "key"], ["key", "device"])
    assert registry.known(leaf) is None
    assert registry.revocations.certificate(leaf.print)
    registry.enrol(device_of_same(device))
    assert registry.devices.find(ulid).state == "active"


def device_of_same(device):
    """*device* paired once more with the keys that it has."""

    return replace(device, certificate=None, next=None, past=())


def test_a_banned_key_comes_back_under_no_other_id(registry):
    """Hazard H10: a stolen device that calls itself by another id is the same device."""
    ulid, _ = registry.paired()
    device = registry.devices.find(ulid)
    registry.revoke(ulid)

    other = replace(device_of_same(device), id=device_of().id)
    assert code_of(DeniedError, registry.enrol, other) == "device_banned"


def test_one_key_is_of_one_device(registry):
    """Hazard H9: a key that two devices share says of neither which it is."""
    ulid, _ = registry.paired()

    other = replace(device_of_same(registry.devices.find(ulid)), id=device_of().id)
    assert code_of(ConflictError, registry.enrol, other) == "identity_key_taken"
    registry.remove(ulid)
    registry.enrol(other)
    assert registry.prints.owner(other.print) == other.id
    back = device_of_same(registry.devices.find(ulid))
    assert code_of(ConflictError, registry.enrol, back) == "identity_key_taken"


def test_another_key_takes_an_approval_that_shows_both(registry):
    """Hazard H9: pairing a known id again replaced its key without a word."""
    ulid, old = registry.paired()
    before = registry.devices.find(ulid)
    newcomer = device_of(id=ulid)
    assert code_of(ConflictError, registry.enrol, newcomer) == "device_key_changed"
    shown = registry.devices.replacement(newcomer)
    assert (shown.old_print, shown.new_print) == (before.print, newcomer.print)
    assert (shown.approved_by, shown.certificates, shown.state) == ("user:1000", 1, "active")
    assert registry.known(old) == ulid  # until it is approved
    new = leaf_at(NOW)
    registry.replace(shown, newcomer, new)
    assert (registry.known(old), registry.known(new)) == (None, ulid)
    entry = registry.revocations.certificate(old.print)
    assert entry
    assert entry.cause == "key_replaced"
    assert registry.prints.owner(before.print) is None
    assert registry.prints.owner(newcomer.print) == ulid


def test_what_was_approved_is_what_happens(registry):
    """Hazard H9: an approval of one key must not carry another one, nor hit a device that changed since."""
    ulid, _ = registry.paired()
    newcomer, another = device_of(id=ulid), device_of(id=ulid)
    shown = registry.devices.replacement(newcomer)
    assert code_of(ConflictError, registry.replace, shown, another, leaf_at(NOW)) == "replacement_changed"
    registry.issue(ulid, leaf_at(NOW))
    assert code_of(ConflictError, registry.replace, shown, newcomer, leaf_at(NOW)) == "replacement_changed"
    same = device_of_same(registry.devices.find(ulid))
    assert code_of(ConflictError, registry.devices.replacement, same) == "device_key_known"
    taken = device_of_same(registry.devices.find(registry.paired()[0]))

    assert (
        code_of(ConflictError, registry.devices.replacement, replace(taken, id=ulid)) == "identity_key_taken"
    )


def test_a_device_keeps_its_kind(registry):
    """Hazard H25: the kind was asked for and then forgotten; a command line registered as a node."""
    ulid, _ = registry.paired("cli")
    same = device_of_same(registry.devices.find(ulid))

    for kind in ("node", "desktop"):
        assert code_of(ConflictError, registry.enrol, replace(same, kind=kind)) == "other_kind"
        newcomer = device_of(kind, id=ulid)
        assert code_of(ConflictError, registry.devices.replacement, newcomer) == "other_kind"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("allowed", [(), *((each,) for each in KINDS), KINDS])
def test_a_certificate_is_good_for_its_kind_alone(registry, kind, allowed):
    """Hazard H25: every cell of kind and what a method takes; no kinds at all is nobody."""
    _, leaf = registry.paired(kind)
    standing = registry.prints.find(leaf.print, NOW)
    if kind in allowed:
        standing.require(*allowed)
    else:
        assert code_of(DeniedError, standing.require, *allowed) == "wrong_device_kind"


def test_a_device_that_was_revoked_meanwhile_is_not_enrolled(registry, parts):
    """Hazard H10: the list was read at the proof and never again. The ban comes between plan and commit; the commit is
    refused, and so is planning it again."""

    device, change = device_of(), Change()
    registry.devices.plan_enrol(change, device, leaf_at(NOW))
    del change.checks[HINT]  # a hint must not be what holds
    registry.revoke(device.id)  # never paired, and banned all the same
    assert code_of(ConflictError, parts.records.commit, change) == "record_changed"
    assert code_of(DeniedError, registry.enrol, device) == "device_banned"
    assert code_of(NotFoundError, registry.devices.find, device.id) == "device_missing"


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("step", ["issue", "use", "replace"])
def test_no_step_survives_a_revocation_between_plan_and_commit(registry, parts, step, elsewhere):
    """Hazard H10: whichever step it is, in all interleavings."""

    ulid, _ = registry.paired()
    change, waiting, new = Change(), leaf_at(NOW), leaf_at(NOW)
    registry.issue(ulid, waiting)
    if step == "issue":
        registry.devices.plan_certificate(change, ulid, new, now_ms=NOW)
    elif step == "use":
        registry.devices.plan_first_use(change, ulid, waiting.print, now_ms=NOW)
    else:
        newcomer = device_of(id=ulid)
        shown = registry.devices.replacement(newcomer)
        registry.devices.plan_replace_key(change, shown, newcomer, new, now_ms=NOW)
    del change.checks[HINT]
    (Registry(parts.records) if elsewhere else registry).revoke(ulid)
    assert code_of(ConflictError, parts.records.commit, change) == "record_changed"
    assert registry.known(waiting) is None
    assert registry.known(new) is None


BAD_TEXT = [
    "x" * 257,
    "x" * 2**20,
    "a\nb",
    "a\x00",
    "\x1b[2J",
    "\u202egnp",
    " a",
    "a\u2028b",
    "\ud800",
    7,
    None,
]


@pytest.mark.parametrize("text", BAD_TEXT, ids=lambda text: repr(text)[:16])
def test_a_reason_is_a_short_line(registry, text):
    """Hazard H41: free text was trimmed and otherwise unbounded."""
    ulid, leaf = registry.paired()
    assert code_of(InvalidInputError, registry.revoke, ulid, text) == "invalid_reason"
    assert code_of(InvalidInputError, registry.remove, ulid, text) == "invalid_reason"
    assert registry.known(leaf) == ulid


@pytest.mark.parametrize("text", [*BAD_TEXT, "", "x" * 129, "ä" * 65], ids=lambda text: repr(text)[:16])
def test_a_name_is_a_short_line(text):
    """Hazard H41: a name is shown to whoever approves, on a terminal."""
    assert code_of(PalyraError, device_of, name=text) == "invalid_name"


@pytest.mark.parametrize("text", ["", "lost", "x" * 256, "ä" * 128])
def test_what_may_be_a_reason(registry, text):
    ulid, _ = registry.paired()
    registry.revoke(ulid, text)
    assert registry.devices.find(ulid).reason == text
