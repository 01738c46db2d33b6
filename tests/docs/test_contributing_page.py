"""``CONTRIBUTING.md`` names what ``.ci/run`` installs."""

import re

from tests.docs.pages import ROOT, section, table_rows


def test_every_real_part_is_listed():
    """A test that is skipped on every machine but one is found out when it fails there."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = {
        name
        for row in table_rows(section(page, "### Real parts"))
        for name in re.findall(r"`([\w-]+)`", row[0])
    }
    needed = set(re.findall(r"^need (\S+) ", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE))
    assert listed == needed - {"python3-venv"}
    assert all("tests.wine.fetch" in text for text in (page, (ROOT / ".ci" / "run").read_text("utf-8")))
