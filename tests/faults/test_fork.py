"""A process forks while it has the vault open: the child gets an error, and the parent notices nothing."""

import os
import subprocess
import sys

import pytest

from palyra_kernel import Unlock
from tests.audit.events import made
from tests.durable.processes import WAIT, in_child

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

ACTS = {
    "get": lambda kernel: kernel.vault.get("a"),
    "get_many": lambda kernel: kernel.vault.get_many(["a"]),
    "put": lambda kernel: kernel.vault.put("a", b"of the child"),
    "put_many": lambda kernel: kernel.vault.put_many({"a": b"of the child"}),
    "list": lambda kernel: kernel.vault.list(),
    "history": lambda kernel: kernel.vault.history("a"),
    "delete": lambda kernel: kernel.vault.delete("a"),
    "rollback": lambda kernel: kernel.vault.rollback("a", 1),
    "destroy": lambda kernel: kernel.vault.destroy("a"),
    "gc": lambda kernel: kernel.vault.gc(grace_seconds=0),
    "verify": lambda kernel: kernel.verify(),
    "status": lambda kernel: kernel.status(),
    "slots": lambda kernel: kernel.slots.list(),
    "audit": lambda kernel: kernel.audit.tail(1),
    "audit.write": lambda kernel: kernel.audit.write(made()),
    "rekey": lambda kernel: kernel.rekey(),
    "rekey_root": lambda kernel: kernel.rekey_root(unlock=Unlock()),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_child_cannot_use_the_kernel_of_its_parent(kernel, act):
    """Hazard K2: a SQLite connection or a file lock that is used on both sides of a fork breaks both."""
    kernel.vault.put("a", b"1")
    assert in_child(lambda: ACTS[act](kernel)) == "forked"
    assert in_child(kernel.close) == "None"
    kernel.vault.put("a", b"2")
    assert kernel.vault.get("a") == b"2"
    assert kernel.vault.get("a?version=1") == b"1"
    assert kernel.verify() == []


def test_a_child_opens_a_kernel_of_its_own(places, kernel):
    """Hazard K2: it sees what the parent wrote, the parent sees what it wrote, and its closing closes nothing else."""
    kernel.vault.put("a", b"parent")

    def act():
        with places.open() as own:
            own.vault.put("b", b"child")
            return own.vault.get("a").reveal()

    assert in_child(act) == str(b"parent")
    assert kernel.vault.get("b") == b"child"
    kernel.vault.put("a", b"parent again")
    assert kernel.verify() == []


CHILDREN = """
import os, sys, threading
from pathlib import Path
from tests.support import Places
kernel = Places(Path(sys.argv[1])).open()
written = 0
def write():
    global written
    for number in range(60):
        kernel.vault.put("a", b"%d" % number)
        written = number
thread = threading.Thread(target=write)
thread.start()
children = []
while thread.is_alive():
    child = os.fork()
    if child == 0:
        try:
            kernel.vault.get("a")
        except Exception as error:
            sys.exit(0 if error.code == "forked" else 3)
        sys.exit(4)
    children.append(child)
    if len(children) >= 30:
        thread.join()
statuses = {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
assert statuses == {0}, statuses
assert kernel.vault.get("a") == b"%d" % written == b"59"
assert kernel.verify() == []
"""


@pytest.mark.timeout(120)
def test_children_that_end_while_the_parent_writes(places, tmp_path):
    """Hazard K2: a child that ends as programs end runs ``atexit`` and finalisers; they moved the parent's log
    elsewhere. Thirty of them are forked in the middle of the parent's writes."""
    places.create().close()
    path = os.pathsep.join(entry for entry in sys.path if entry) or "."
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILDREN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with places.open() as kernel:
        assert kernel.vault.get("a") == b"59"
        assert kernel.verify() == []
