"""A lock among processes that cannot see each other."""

import os
import shutil
import subprocess
import sys

import pytest

from palyra_kernel.durable.lock import FileLock
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from tests.durable.processes import PRELUDE, WAIT

HOLD = """
lock = FileLock(path)
with lock.held(Deadline.after(60)):
    say(os.getpid())
    hear()
"""
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
UNSHARE_AS_USER = (*UNSHARE, "--user", "--map-root-user")

linux = pytest.mark.skipif(sys.platform != "linux", reason="PID namespaces are of Linux")


def unshare():
    """The command that starts a program where other processes have other ids."""
    if shutil.which("unshare") is None:
        pytest.skip("apt-get install util-linux")
    for command in (UNSHARE_AS_USER, UNSHARE):
        if not subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            return command
    return pytest.skip("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run it as root")


@linux
@pytest.mark.real
def test_a_holder_in_another_container_is_alive(tmp_path):
    """Hazard K4: whether a holder lives was asked by its process id, which means nothing in another container: its
    lock was taken from it, and two wrote at once."""
    path = tmp_path / "lock"
    lock = FileLock(path)
    holder = subprocess.Popen(
        [*unshare(), sys.executable, "-c", PRELUDE + HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout
        assert int(holder.stdout.readline()) < os.getpid()
        with pytest.raises(UnavailableError) as caught, lock.held(Deadline.after(0.2)):
            pass
        assert caught.value.code == "locked"
        holder.kill()  # the container dies, and with it the holder
        with lock.held(Deadline.after(WAIT)):
            pass
    finally:
        holder.kill()
        holder.communicate()
        lock.close()
