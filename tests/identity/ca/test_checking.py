"""What a gateway does not start on: keys, certificates and moments that do not fit."""

import pytest
from msgspec.structs import replace

from palyra_kernel.errors import (
    IntegrityError,
    UnavailableError,
)
from palyra_kernel.identity.ca.bundle import signature_of
from palyra_kernel.identity.ca.documents import AUTHORITY
from palyra_kernel.identity.ca.secrets import SIGNER, ca_ref
from palyra_kernel.identity.certificates import building, profiles
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.keys import new_key, packed
from palyra_kernel.identity.certificates.times import DAY, MINUTE
from palyra_kernel.records import Change
from tests.identity.making import der


@pytest.mark.parametrize("which", ["root", "signing"])
def test_a_key_that_is_not_the_one(gateway, which):
    """Hazard H20: nobody compared the key of the CA with its certificate."""
    state = gateway.authority.state()
    with packed(new_key()) as other:
        gateway.vault.put(ca_ref(getattr(state, which).id), other)
    with pytest.raises(IntegrityError) as caught:
        gateway.process().check()
    assert caught.value.code == "ca_key_mismatch"
    if which == "signing":
        with pytest.raises(IntegrityError):
            gateway.issue()


@pytest.mark.parametrize("which", ["root", "signing", "identity"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_key_that_is_not_there(gateway, which, how):
    """Hazard H20: a gateway that cannot use its CA says so at start."""
    state = gateway.authority.state()
    ref = SIGNER if which == "identity" else ca_ref(getattr(state, which).id)
    if how == "missing":
        gateway.vault.destroy(ref)
    else:
        gateway.vault.put(ref, b"not a key")
    with pytest.raises(IntegrityError):
        gateway.process().check()


def foreign_issuing(gateway, state):
    root, key = new_key(), new_key()
    by = Signer(profiles.root(root, gateway.now), root)
    return with_issuing(gateway, state, profiles.issuing(key.public_key(), by, gateway.now), key)


def deep_issuing(gateway, state):
    key = new_key()
    return with_issuing(gateway, state, profiles.root(key, gateway.now), key)


def wide_issuing(gateway, state):
    """Signed by the right root, for CAs below it."""
    key, by = new_key(), gateway.authority._secrets.signer(state.root)
    name = building.ca_name("issuing CA", key.public_key())
    builder = building.begun(key.public_key(), name, by.certificate.subject, gateway.now, gateway.now + DAY)
    builder = building.ca(builder, 1).add_extension(*building.authority(by))
    return with_issuing(gateway, state, building.signed(builder, by.key), key)


def signed_root(gateway, state):
    """The name and the key of the root, signed by another one."""
    own, key = gateway.authority._secrets.signer(state.root), new_key()
    other = profiles.root(key, gateway.now)
    subject = own.certificate.subject
    builder = building.begun(own.key.public_key(), subject, other.subject, gateway.now, gateway.now + DAY)
    certificate = building.signed(building.ca(builder, 1), key)
    return replace(state, roots=(replace(state.root, certificate=der(certificate)),))


def another_root(gateway, _state):
    """Two roots, and the one that counts is not that of the CA that signs."""
    state = gateway.authority.rotate_root()
    one, two = state.roots
    return replace(state, roots=(replace(one, stage="announced"), replace(two, stage="active")))


def with_issuing(gateway, state, certificate, key):
    from palyra_kernel.identity.certificates.keys import key_id

    id_ = key_id(key.public_key())
    with packed(key) as secret:
        gateway.vault.put(ca_ref(id_), secret)
    return replace(state, issuing=(replace(state.signing, id=id_, certificate=der(certificate)),))


EDITS = {
    "another identity": (lambda _gateway, state: state, "ca_key_mismatch"),
    "a CA of another root": (foreign_issuing, "ca_damaged"),
    "a root as issuing CA": (deep_issuing, "ca_damaged"),
    "a CA that may have CAs": (wide_issuing, "ca_damaged"),
    "a root that is none": (signed_root, "ca_damaged"),
    "another root": (another_root, "ca_damaged"),
    "no root": (lambda _gateway, state: replace(state, roots=()), "ca_damaged"),
    "two that sign": (lambda _gateway, state: replace(state, issuing=state.issuing * 2), "ca_damaged"),
    "no signature": (lambda _gateway, state: replace(state, signature=b""), "ca_damaged"),
    "another number": (lambda _gateway, state: replace(state, bundle=state.bundle + 1), "ca_damaged"),
    "damage": (
        lambda _gateway, state: replace(state, roots=(replace(state.root, certificate=b"0"),)),
        "certificate_damaged",
    ),
    "swapped certificates": (
        lambda _gateway, state: replace(
            state, roots=(replace(state.root, certificate=state.signing.certificate),)
        ),
        "ca_key_mismatch",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_ca_that_is_none(gateway, edit):
    """Hazard H20: a mismatched or foreign CA was taken as it was: the start is refused."""
    change = Change()
    function, code = EDITS[edit]
    edited = function(gateway, gateway.authority.state())
    version, state = gateway.records.read(AUTHORITY).version, gateway.authority.state()
    if (
        edited.signature == state.signature and edited.bundle == state.bundle
    ):  # it would be noticed by that alone
        edited = replace(edited, signature=signature_of(edited, gateway.authority._secrets.identity(state)))
    if edit == "another identity":
        gateway.vault.put(SIGNER, bytes(range(32)))
    gateway.authority.documents.plan(change, AUTHORITY, version, edited)
    gateway.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        gateway.process().check()
    assert caught.value.code == code


@pytest.mark.parametrize("document", [b"{}", b"\xff", b'{"is":"issued"}', b'{"is":"role","role":"gateway"}'])
def test_a_record_that_says_nothing(gateway, document):
    change = Change()
    change.put(AUTHORITY, document)
    gateway.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        gateway.process().state()
    assert caught.value.code == "identity_damaged"


@pytest.mark.parametrize(
    ("moved", "code"), [(3651 * DAY, "ca_expired"), (43 * DAY, "ca_expired"), (-6 * MINUTE, "clock_behind")]
)
def test_a_ca_out_of_date(gateway, moved, code):
    """Hazard H20: an expired CA, or a clock that is wrong: the start is refused, and says which."""
    gateway.now += moved
    with pytest.raises(UnavailableError) as caught:
        gateway.authority.check()
    assert caught.value.code == code
