"""Many processes on an empty store, on a real one: one CA; and no death of one leaves half of a CA."""

from __future__ import annotations

import subprocess
import sys

import pytest

from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.vault import Vault
from tests.identity.making import DOMAIN

PROCESSES = 16
PROGRAM = """
import sys
from palyra_kernel import Kernel
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.vault import Vault
from palyra_kernel.records import Change
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.names import new_device_id

with Kernel.open(state_root=sys.argv[1], config_dir=sys.argv[2], plugins=["file"]) as kernel:
    records = kernel._records
    authority = Authority(records, Vault(records, kernel._index, kernel._objects, versions_kept=1))
    print("ready", flush=True)
    sys.stdin.readline()
    state = authority.ensure(sys.argv[3])
    print(state.root.id, flush=True)
    key = new_key().public_key()

    def plan():
        change = Change()
        authority.plan_device(change, device=new_device_id(1), identity="0" * 64, key=key)
        return change

    for _ in range(3):
        commit(records, plan)
"""


def start(places):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(places.state_root), str(places.config_dir), DOMAIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def of(kernel):
    vault = Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1)
    return Authority(kernel._records, vault)


def test_sixteen_processes_make_one_ca(places):
    """Hazard H34: the first start was a race, and each process had a CA of its own."""
    places.create().close()
    processes = [start(places) for _ in range(PROCESSES)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = {process.communicate(timeout=120)[0] for process in processes}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * PROCESSES
    with places.open() as kernel:
        authority = of(kernel)
        state = authority.check()
        assert said == {f"{state.root.id}\n"}
        assert authority.log.verify() == 3 * PROCESSES
        assert len(authority.documents._shelf.all()) == 3


@pytest.mark.parametrize("rounds", [12])
def test_killed_while_it_makes_one(places, rounds):
    """Hazard H34: whoever dies in the middle leaves no half of a CA, and no lock."""
    places.create().close()
    for delay in range(rounds):
        process = start(places)
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        try:
            process.wait(delay * 0.004)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        with places.open() as kernel:
            authority = of(kernel)
            authority.ensure(DOMAIN)
            authority.check()
            authority.log.verify()
        if delay < rounds - 1:
            fresh(places)


def fresh(places):
    """The next round begins with an empty store."""
    import shutil

    shutil.rmtree(places.state_root)
    shutil.rmtree(places.config_dir)
    places.create().close()
