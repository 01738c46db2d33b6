"""What is true of every page: links lead somewhere, indexes are whole, and nothing of one machine is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "changes/README.md"))]
)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_PRIVATE = re.compile(r"(/home/\w|/root/|C:\\Users)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _anchors(path: Path) -> set[str]:
    """Headings as GitHub turns them into anchors."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_links_lead_somewhere(path):
    for target in _LINK.findall(path.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        if anchor:
            assert anchor in _anchors(found), target


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_nothing_of_one_machine_is_told(path):
    assert not _PRIVATE.search(path.read_text("utf-8"))


def test_the_index_names_every_page():
    index = (DOCS / "index.md").read_text("utf-8")
    for path in DOCS.glob("*.md"):
        assert path.name == "index.md" or f"({path.name})" in index, path.name


def test_every_decision_is_in_the_list_under_its_title():
    listed = (DOCS / "adr" / "README.md").read_text("utf-8")
    for path in sorted((DOCS / "adr").glob("0*.md")):
        number, title = path.read_text("utf-8").splitlines()[0].removeprefix("# ").split(" ", 1)
        assert path.name.startswith(f"{number}-")
        assert f"| [{number}]({path.name}) | {title} |" in listed


@pytest.mark.parametrize("path", sorted((DOCS / "adr").glob("0*.md")), ids=_name)
def test_every_decision_says_context_decision_and_consequences(path):
    text = path.read_text("utf-8")
    parts = [text.index(f"\n**{part}.** ") for part in ("Context", "Decision", "Consequences")]
    assert parts == sorted(parts)
