"""What the room costs who only passes by."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import palyra_kernel.identity
from palyra_kernel.access.system import system_principal
from palyra_kernel.plugins.manage import enable

ROOM = Path(palyra_kernel.identity.__file__).parent


def test_no_module_imports_x509_before_it_is_used():
    """``cryptography.x509`` would cost every start of the command 70 ms, and few runs look at a certificate."""
    names = [
        ".".join(("palyra_kernel.identity", *path.relative_to(ROOM).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in ROOM.rglob("*.py")
    ]
    load = "[importlib.import_module(name) for name in names]"
    program = f"import sys, importlib; names = {names!r}; {load}; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert "'palyra_kernel.identity.ca.authority'" in loaded
    assert "'cryptography.x509'" not in loaded


BANNED = (
    "cryptography.x509",
    "palyra_kernel.identity",
    "palyra_kernel.daemon",
    "palyra_kernel.nodes",
    "spake2",
)
"""What nobody pays for who neither serves devices nor is one."""

PROGRAMS = {
    "an open vault": """
import palyra_kernel
with palyra_kernel.Kernel.open(create=True, plugins=["file"]) as kernel, kernel.session({me!r}) as session:
    session.secrets.put("global/a", b"1")
    session.secrets.get("global/a").wipe()
    session.approvals.list()
    assert not kernel.verify()
""",
    "commands": """
import sys
from palyra_kernel.cli import main
for arguments in (["secrets", "list"], ["approvals", "list"], ["policy", "show"], ["--version"]):
    try:
        sys.argv = ["palyra", *arguments]
        main()
    except SystemExit as ended:
        assert not ended.code, arguments
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_who_pairs_nothing_loads_nothing_of_it(name, places):
    if name == "commands":
        enable(places.config_dir, "file")
        places.create().close()
    environment = dict(os.environ)
    environment["PALYRA_STATE_ROOT"] = str(places.state_root)
    environment["PALYRA_CONFIG_DIR"] = str(places.config_dir)
    program = PROGRAMS[name].format(me=str(system_principal()))
    check = f"import sys; print('loaded', [each for each in sys.modules if each.startswith({BANNED!r})])"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{check}"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded []"
