"""What the daemon uses of hypercorn without being promised it: when that changes, this is where it is said."""

import gc
import inspect
import socket
from asyncio import sslproto
from importlib.metadata import version

import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.h2 import H2Protocol, StreamBuffer

from palyra_kernel.daemon.connection import Bounded, check_no_quic, http_config
from palyra_kernel.daemon.limits import Limits
from palyra_kernel.errors import DeniedError
from tests.daemon.client import Wire


def parameters(of):
    return [name for name in inspect.signature(of).parameters if name != "self"]


def test_its_classes_are_the_ones_that_are_used():
    """Hazard H43: the server hides the certificate of its peer; what stands in for it is internal, and may change."""
    assert version("hypercorn").startswith("0.18.")
    assert parameters(TCPServer.__init__) == ["app", "loop", "config", "context", "state", "reader", "writer"]
    for name in ("run", "protocol_send", "_read_data", "_close"):
        assert inspect.iscoroutinefunction(getattr(TCPServer, name)), name
    assert parameters(TCPServer.protocol_send) == ["event"]
    assert parameters(WorkerContext.__init__) == ["max_requests"]
    assert inspect.iscoroutinefunction(StreamBuffer.close)
    source = inspect.getsource(TCPServer)
    assert "self.idle_task.restart(task_group, self._idle_timeout)" in source
    assert "self.protocol = ProtocolWrapper(" in source
    assert "self.protocol: H11Protocol | H2Protocol" in inspect.getsource(ProtocolWrapper)
    assert "self.stream_buffers: dict[int, StreamBuffer]" in inspect.getsource(H2Protocol)
    assert Bounded.run is TCPServer.run


def test_tls_keeps_a_record_and_no_more(gateway, daemon, tmp_path):
    """asyncio kept 256 KiB for each device, which is a quarter of a gigabyte for a thousand that say nothing."""
    known = gateway.paired()
    with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
        wire.who()
        found = [each for each in gc.get_objects() if type(each) is sslproto.SSLProtocol]
    assert found
    assert {len(vars(each)["_ssl_buffer"]) for each in found} == {16_384}


def test_no_udp_port_is_ever_open(gateway, daemon):
    """Hazard H43: beside an mTLS listener, its HTTP/3 answers clients without any certificate."""
    assert http_config(Limits()).quic_bind == []
    config = Config()
    config.quic_bind = ["127.0.0.1:0"]
    with pytest.raises(DeniedError, match="HTTP/3"):
        check_no_quic(config)
    for port in (daemon.work_port, daemon.enrolment_port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))  # it would be taken
