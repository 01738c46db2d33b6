"""A node in the background of a terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

import pty

_ASKED = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    from palyra_kernel.contracts.capabilities import CapabilityCall
    from palyra_kernel.device.consent import TerminalConsent
    from palyra_kernel.values.deadline import Deadline
    from tests.device.node_world import work
    os._exit(40 + TerminalConsent()(work(), CapabilityCall(Deadline.after(20))))
_, status = os.waitpid(child, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(child, 9)
    sys.exit(1)
sys.exit(os.WEXITSTATUS(status))
"""


def test_a_node_in_the_background_asks_nobody_and_is_not_stopped():
    """Elsewhere a program that touched its terminal from behind was stopped, and everything that it did with it."""
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", _ASKED],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            start_new_session=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == 40, ended.stderr
