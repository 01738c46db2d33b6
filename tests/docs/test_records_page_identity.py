"""The formats of devices in ``docs/records.md`` against the code that writes them."""

from __future__ import annotations

from palyra_kernel.identity.ca.documents import Authorities, Ca, IssuedHead, Role, Server
from palyra_kernel.identity.ca.issued import Issued
from palyra_kernel.identity.pairing.keeping import Code
from palyra_kernel.identity.pairing.sources import Bucket
from palyra_kernel.identity.pairing.states import Pairing
from tests.docs.pages import page, section, table_rows
from tests.docs.test_records_page import _names

PAGE = page("records.md")


def test_the_members_of_pairings_are_listed():
    text = section(PAGE, "## Pairing")
    for kind in (Code, Pairing, Bucket):
        for member in kind.__struct_fields__:
            assert f"`{member}`" in text, member


def test_the_members_of_the_ca_are_listed():
    text = section(PAGE, "## The certificate authority")
    shown = [row[0].replace("`", "") for row in table_rows(text)]
    assert shown == [
        field
        for kind in (Authorities, Ca, IssuedHead, Server, Role)
        for field in kind.__struct_fields__
        if field != "format"
    ]
    assert _names("## Issued certificates") == list(Issued.__struct_fields__)
