"""``docs/audit.md`` against the code."""

from palyra_kernel.scan.findings import RULES
from palyra_kernel.scan.formats import format_of, plain_format
from tests.docs.pages import page, section, table_rows

PAGE = page("audit.md")


def test_every_code_is_listed_with_its_severity_and_meaning():
    rows = [row for row in table_rows(section(PAGE, "## What is found")) if len(row) == 3]
    listed = {code.strip("`"): (severity, meaning) for code, severity, meaning in rows}
    assert listed == RULES


def test_the_files_are_read_as_the_table_says():
    first, second, third, _ = [row[0] for row in table_rows(section(PAGE, "## What is read"))]
    for cell, names in ((first, {"dotenv"}), (second, {"toml", "yaml", "json"}), (third, {"prose"})):
        files = [part.strip("` ").replace("*", "x") for part in cell.split(",")]
        assert {format_of(file).name for file in files} == names
    assert plain_format("x.py").name == format_of("x.py").name == "text"
