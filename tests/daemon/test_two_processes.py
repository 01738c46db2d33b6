"""A daemon and another process that have the same vault open."""

import subprocess
import sys

import pytest

from tests.daemon.client import RefusedError, Wire
from tests.daemon.nodes.world import KernelGateway
from tests.daemon.running import running


def test_what_another_process_revokes_is_cut_here(places, tmp_path):
    """Hazards H23, H34: one process revoked, and the listener of another served the device until it was restarted."""
    with places.create() as kernel:
        gateway = KernelGateway(kernel)
        with (
            running(kernel.identity) as daemon,
            subprocess.Popen(
                [sys.executable, "-m", "tests.daemon.revoker", tmp_path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as other,
        ):
            known, kept = gateway.paired(), gateway.paired()
            context = gateway.client(known, tmp_path)
            with (
                Wire(daemon.work_port, context) as idle,
                Wire(daemon.work_port, context) as stream,
                Wire(daemon.work_port, gateway.client(kept, tmp_path)) as beside,
            ):
                idle.who()
                beside.who()
                stream.send(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
                assert b"ping" in stream.read() + stream.read()
                assert other.stdin is not None
                assert other.stdout is not None
                assert other.stdout.readline() == "ready\n"
                print(known.id, file=other.stdin, flush=True)
                assert other.stdout.readline() == "revoked\n"
                stream.until_cut()
                idle.until_cut()
                with pytest.raises(RefusedError), Wire(daemon.work_port, context) as again:
                    again.get()
                assert beside.who()["principal"] == f"device:{kept.id}"
            other.stdin.close()
