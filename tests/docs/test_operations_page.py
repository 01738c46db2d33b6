"""``docs/operations.md``: its session is run from top to bottom, and what it warns of is so."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import palyra_kernel
from palyra_kernel import Kernel, Unlock
from palyra_kernel.errors import IntegrityError
from palyra_kernel.keys import recovery
from tests.docs.pages import blocks, page, section, table_rows
from tests.docs.sessions import normal, ran

PAGE = page("operations.md")


@pytest.mark.skipif(sys.platform != "linux", reason="shows the folders of Linux")
@pytest.mark.timeout(300)  # it starts 34 programs
def test_the_session_is_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run; these are for the day when nothing else may go wrong."""
    shown = "".join(blocks(PAGE, "console"))
    assert ran(shown, tmp_path) == normal(shown)


def test_every_code_of_a_refusal_is_one_of_ours():
    source = "".join(path.read_text("utf-8") for path in Path(palyra_kernel.__file__).parent.rglob("*.py"))
    rows = table_rows(section(PAGE, "## What a refusal means"))
    codes = {code for row in rows for code in re.findall(r"`(\w+)`", row[0])}
    assert len(codes) > len(rows)
    for code in codes:
        assert f'"{code}"' in source, code


def test_a_drill_with_the_same_configuration_folder_ends_the_vault_in_use(places, tmp_path):
    """What the page warns of in bold."""
    text, params = recovery.generate()
    with places.create() as kernel:
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=params)
        report = kernel.backup(tmp_path / "backup", unlock=Unlock())
    Kernel.restore(
        tmp_path / "backup",
        recovery_key=text,
        signer=report.signer,
        state_root=tmp_path / "drill",
        config_dir=places.config_dir,
        plugins=["file"],
    )
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "rolled_back"
