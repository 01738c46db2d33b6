"""``SECURITY.md``: every claim names its test, every test that is named exists, and the numbers are the code's."""

from __future__ import annotations

import ast
import math
import os
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from palyra_kernel import SecretRef
from palyra_kernel.config import BucketConfig
from palyra_kernel.contracts import wrapping
from palyra_kernel.kernel import health
from palyra_kernel.keys import derive, passphrase, recovery
from palyra_kernel.records import seal
from palyra_kernel.values.sensitive import KNOWN_FROM
from palyra_kernel.vault import envelope, epochs
from tests.docs.pages import ROOT, section, table_rows

PAGE = (ROOT / "SECURITY.md").read_text("utf-8")
PLAIN = " ".join(PAGE.split())
NAMED = re.compile(r"`((?:tests|plugins)/[\w/]+\.py)::(?:Test\w+::)?(test_\w+)`")
_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "years": 31_557_600}


@cache
def names_in(file: str) -> set[str]:
    """The names of the tests in *file*."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_a_named_test_exists(file, name):
    """A threat model that nobody checks tells after a year what was true once."""
    assert (ROOT / file).is_file(), file
    assert name in names_in(file), f"{file} has no {name}"


def test_every_row_names_a_test():
    rows = table_rows(PAGE)
    assert len(rows) > 60
    for row in rows:
        assert NAMED.search(row[-1]), row[0]


def test_every_limit_that_is_admitted_is_on_the_page():
    """And a limit that was repaired, or that nobody mentions, is not left among the tests."""
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/docs/test_security_limits*.py")}
    named = {(path, name) for path, name in NAMED.findall(PAGE) if path in files}
    assert named == {(file, name) for file in files for name in names_in(file) if name.startswith("test_")}


def test_the_table_of_guesses_is_right():
    """Arithmetic over what the page says it assumes."""
    text = section(PAGE, "### A guess at a passphrase")
    plain = " ".join(text.split())
    cost, rate = 0.2, 2_000 * 1_000
    assert f"took {cost} s of one core" in plain
    assert "about 2,000 guesses a second" in plain
    rows = table_rows(text)
    counts = [10**9] + [7_776 ** int(row[0].split()[0]) for row in rows[1:]]
    for count, row in zip(counts, rows, strict=True):
        assert float(row[1]) == round(math.log2(count), 1)
        assert _seconds(row[2]) == pytest.approx(count / 2 * cost, rel=0.05)
        assert _seconds(row[3]) == pytest.approx(count / 2 / rate, rel=0.05)


def _seconds(cell: str) -> float:
    number, unit = cell.split()
    return float(number.replace(",", "")) * _SECONDS[unit]


def test_the_costs_of_a_guess_are_those_of_the_code():
    memory, iterations, lanes = (int(value) for value in passphrase.DEFAULTS.values())
    assert f"Argon2id with {memory // 1024} MiB, {iterations} passes and {lanes} lanes" in PLAIN
    low, high = passphrase._BOUNDS["memory_kib"]
    assert f"never less than {low // 1024}." in PLAIN
    assert f"--memory-kib {high}` makes each guess sixteen times as expensive" in PLAIN
    assert high == 16 * memory


def test_the_sizes_are_those_of_the_code():
    sizes = {derive.ROOT_BYTES, epochs._BYTES, envelope._DEK, wrapping.KEY_BYTES}
    assert sizes == {32}
    assert (seal._TAG, envelope._TAG, wrapping._TAG_BYTES) == (16, 16, 16)
    assert (seal._NONCE, envelope._NONCE, wrapping._NONCE_BYTES) == (12, 12, 12)
    rows = {row[0]: row[1] for row in table_rows(section(PAGE, "### Keys, seals and names"))}
    for suite, private in recovery._PRIVATE_BYTES.items():
        text = recovery.generate(suite)[0].reveal().decode()
        groups = text.removeprefix("PALYRA-RECOVERY-").count("-") + 1
        assert rows[f"recovery key, suite `{suite}`"].startswith(
            f"{8 * private} bits, on paper in {groups} groups"
        )


def test_the_numbers_of_sources_are_those_of_the_code():
    text = " ".join(section(PAGE, "## References and sources").split())
    assert f"{BucketConfig().burst} calls at once by default" in text
    assert f"a value of {KNOWN_FROM} bytes and more" in text
    if sys.platform != "win32":
        from palyra_kernel.resolve.sources.command import supervisor

        assert f"{supervisor.SECONDS_WITHOUT_PROGRESS:.0f} s without progress" in text
    assert SecretRef(ref="vault://a").max_stale_seconds == 0


def test_a_put_costs_as_many_seals_as_the_page_says(parts, monkeypatch):
    sealed = []
    real = seal.Sealer.seal

    def counting(self, key, version, document):
        sealed.append(key)
        return real(self, key, version, document)

    monkeypatch.setattr(seal.Sealer, "seal", counting)
    parts.vault.put("a", b"value")
    assert len(sealed) == 3, "as the page and docs/records.md say"
    sealed.clear()
    parts.vault.put_many({"b": b"1", "c": b"2"})
    assert len(sealed) == 2 * 2 + 1
    assert "three seals" in PLAIN
    assert health.MANY_SEALS == 2**31
    assert round(health.MANY_SEALS / _SECONDS["years"]) == 68
    assert "68 years at one a second" in PLAIN


def test_every_code_on_the_page_is_one_of_ours():
    source = "".join(path.read_text("utf-8") for path in Path(health.__file__).parents[1].rglob("*.py"))
    codes = {
        code for row in table_rows(section(PAGE, "## Tampering")) for code in re.findall(r"`(\w+)`", row[1])
    }
    assert len(codes) > 15
    for code in codes - {"verify", "gc"}:
        assert f'"{code}"' in source, code


def test_what_cannot_be_tested_says_so():
    """Everything outside the tables that claims something is in the one list that claims no test."""
    assert len(re.findall(r"^- ", section(PAGE, "## What no test here shows"), re.MULTILINE)) == len(
        re.findall(r"^- ", PAGE, re.MULTILINE)
    )
    assert os.fspath(ROOT) not in PAGE
