"""``docs/identity.md`` against the code: its numbers, its table of profiles, its codes."""

from __future__ import annotations

import json
import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from palyra_kernel.identity.ca import bundle, rotation
from palyra_kernel.identity.ca.authority import KEPT_MS
from palyra_kernel.identity.ca.bundle import TrustBundle
from palyra_kernel.identity.certificates import hosts, profiles, requests
from palyra_kernel.identity.certificates.times import BACKDATED_MS, DAY
from palyra_kernel.identity.names import KINDS, MAX_DOMAIN_BYTES
from palyra_kernel.values.framing import frame
from tests.docs.pages import ROOT, blocks, page, section, table_rows
from tests.identity.making import known

PAGE = page("identity.md")


def test_the_numbers():
    lives = table_rows(section(PAGE, "## Certificates"))[0]
    days = (profiles.ROOT_MS // DAY, profiles.ISSUING_MS // DAY, profiles.LEAF_MS // DAY)
    assert (lives[1:3], days) == (["10 years", "42 days"], (3650, 42, 1))
    assert f"up to {MAX_DOMAIN_BYTES} characters" in PAGE
    assert f"up to {requests.MAX_BYTES:,} bytes" in PAGE
    assert f"up to {bundle.MAX_BYTES:,} bytes" in PAGE
    assert f"at most {hosts.MOST}." in PAGE
    assert f"trusted for {rotation.ANNOUNCED_MS // DAY} days" in PAGE
    assert (rotation.OVERLAP_MS, BACKDATED_MS) == (DAY + BACKDATED_MS, 300_000)
    assert f"for {KEPT_MS // DAY} days behind" in PAGE
    assert all(f"`{kind}`" in PAGE for kind in KINDS)


@pytest.mark.parametrize(("column", "make"), [(1, "root"), (2, "issuing"), (3, "device"), (4, "server")])
def test_the_table_of_profiles(column, make):
    ca = known()
    certificate = getattr(ca, make)() if column > 2 else getattr(ca, make).certificate
    rows = {row[0]: row[column] for row in table_rows(section(PAGE, "## Certificates"))}
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    shown = rows["Subject"].removeprefix("CN ").split(",")[0].strip("`")
    pattern = {"the ULID": "[0-9A-Z]{26}"}.get(shown, re.escape(shown).replace("ID", "[0-9a-f]{32}"))
    assert re.fullmatch(pattern, name.value)
    found = {type(each.value) for each in certificate.extensions}
    assert (rows["extKeyUsage"] != "\N{EN DASH}") == (x509.ExtendedKeyUsage in found)
    assert (rows["subjectAltName"] != "\N{EN DASH}") == (x509.SubjectAlternativeName in found)
    assert ("authority" in rows["Key identifiers"]) == (x509.AuthorityKeyIdentifier in found)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    depth = f"CA, pathLen {constraints.path_length}" if constraints.ca else "no CA"
    assert rows["basicConstraints, critical"] == depth


def test_the_bundle_is_as_shown():
    (shown,) = blocks(section(PAGE, "## The trust bundle"), "json")
    assert list(json.loads(shown)) == list(TrustBundle.__struct_fields__)
    made = TrustBundle(domain="d", number=3, made_ms=4, roots=(b"r",), issuing=(b"a", b"b"))
    assert made.signed_text() == (
        frame("palyra trust bundle v1", "d", 3, 4, 1) + frame(b"r") + frame(2) + frame(b"a", b"b")
    )


def test_every_code_is_raised():
    source = "".join(
        path.read_text("utf-8") for path in (ROOT / "src" / "palyra_kernel" / "identity").rglob("*.py")
    )
    codes = set(re.findall(r"`([a-z]+_[a-z_]+)`", PAGE))
    assert codes
    for code in codes:
        assert f'"{code}"' in source, code
