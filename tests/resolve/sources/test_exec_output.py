"""The buffer that grows with what a command prints."""

import os
from io import FileIO

import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.resolve.sources.command.output import Output
from palyra_kernel.values.sensitive import SensitiveBytes


@pytest.fixture
def pipe():
    readable, writable = os.pipe()
    with FileIO(readable) as reader, FileIO(writable, "w") as writer:
        yield reader, writer


def read(output, pipe, data):
    reader, writer = pipe
    for start in range(0, len(data), 4096):
        writer.write(data[start : start + 4096])
        output.read_from(reader)


def test_what_it_grew_out_of_is_wiped(pipe, monkeypatch):
    """Hazard S12: copies on the way were never wiped."""
    buffers: list[SensitiveBytes] = []
    zeros = SensitiveBytes.zeros

    def kept(size):
        buffers.append(zeros(size))
        return buffers[-1]

    monkeypatch.setattr(SensitiveBytes, "zeros", kept)
    output = Output(1 << 20)
    data = os.urandom(300_000)
    read(output, pipe, data)
    assert output.take().reveal() == data
    assert len(buffers) == 4
    for buffer in buffers:
        with pytest.raises(InvalidInputError, match="wiped"):
            buffer.view()


@pytest.mark.parametrize("limit", [1, 10, 65_535, 65_536, 65_537, 131_072])
def test_the_limit_is_exact(pipe, limit):
    """Hazard S6: at most one byte more than the limit is read."""
    output = Output(limit)
    assert not output.begun
    read(output, pipe, b"x" * limit)
    assert output.begun
    assert not output.too_large
    pipe[1].write(b"xyz")
    assert output.read_from(pipe[0]) == 1
    assert output.too_large
    assert output.read_from(pipe[0]) == 0
