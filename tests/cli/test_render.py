"""``palyra render``: values in, everything else byte for byte; all or nothing."""

from __future__ import annotations

import base64
import errno
import json
import os
import subprocess
import sys
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.cli.render.filters import FILTERS, NotFittingError
from palyra_kernel.cli.render.template import filled, parse
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.cli.sources_admin import fake

__all__ = ["fake"]


def render(call, template, *options, **more):
    return call("render", "-", *options, stdin=template, **more)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (b"", b""),
        (b"no place", b"no place"),
        (b"{{ a }}", b"A"),
        (b"{{a}}{{  vault://a\t}}", b"AA"),
        (b"x: {{ a }}\r\ny\r\n", b"x: A\r\ny\r\n"),
        (b"\xef\xbb\xbf\xff\0{{ a }}\xfe", b"\xef\xbb\xbf\xff\0A\xfe"),
        (b"\\{{ a }} {{ a }}", b"{{ a }} A"),
        (b"\\\\{{ a }}", b"\\{{ a }}"),
        (b"{ {a} } }} {", b"{ {a} } }} {"),
        (b"{{ j#user }}/{{ a?version=1 }}", b"me/A"),
        (b"{{ braces }}", b"{{ a }}"),
        (b"{{ bytes }}", bytes(range(256))),
        (b"{{ bytes | base64 | json }}", json.dumps(base64.b64encode(bytes(range(256))).decode()).encode()),
    ],
)
def test_what_is_written(call, template, text):
    """Values are not looked at for places, and non-UTF-8 passes as it is."""
    for name, value in {
        "a": b"A",
        "j": b'{"user": "me"}',
        "braces": b"{{ a }}",
        "bytes": bytes(range(256)),
    }.items():
        call.set(name, value)
    assert render(call, template) == (0, text, "")


@given(value=st.binary(max_size=200))
def test_filters_read_back(value):
    assert base64.b64decode(FILTERS["base64"](value)) == value
    assert unquote_to_bytes(FILTERS["url"](value)) == value
    try:
        assert json.loads(FILTERS["json"](value)).encode() == value
    except NotFittingError:
        with pytest.raises(UnicodeDecodeError):
            value.decode()


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
def test_a_shell_reads_its_word_back():
    for value in (b"", b"a b", b"'\"$x`y`\\!\n*", bytes(range(1, 256))):
        script = b"printf %s " + FILTERS["shell"](value)
        assert subprocess.run([b"sh", b"-c", script], capture_output=True, check=True).stdout == value


@given(pieces=st.lists(st.binary(max_size=20), min_size=1, max_size=6))
def test_what_is_no_place_is_kept(pieces):
    literal = [piece.replace(b"{", b"").removesuffix(b"\\").removeprefix(b"}") for piece in pieces]
    if literal[0].startswith((b"\xff\xfe", b"\xfe\xff")):
        literal[0] = b""
    template = parse(b"{{ a }}".join(literal))
    value = SensitiveBytes(b"{{ value }}")
    assert filled(template, {SecretRef.parse("a"): value}) == b"{{ value }}".join(literal)


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        (b"{{ }}", ["line 1"]),
        (b"ok\n{{ a", ["line 2: {{ is not closed"]),
        (b"{{ a\n}}", ["line 1: {{ is not closed"]),
        (b"\n\n{{ a | rot13 }} {{", ["line 3: rot13 is not a filter", "line 3: {{ is not closed"]),
        (b"{{ a | secret value here }}", ["line 1: this is not a filter"]),
        (b"{{ \xff }}", ["line 1: what stands between"]),
        (b"{{ ENV://X }}", ["line 1"]),
        ("{{ a }}".encode("utf-16"), ["UTF-16"]),
    ],
)
def test_a_wrong_template_is_refused_line_by_line(call, template, lines):
    outcome = render(call, template, "--out", str(call.base / "out"))
    assert (outcome.code, outcome.out) == (2, b"")
    assert all(line in outcome.err for line in lines)
    assert not (call.base / "out").exists()


def test_nothing_is_written_if_one_reference_fails(call, fake):
    fake.answers = {"x": b"canary-value"}
    template = b"{{ fake://x }}\n{{ gone }}\n\n{{ fake://gone | json }}{{ gone }}"
    for options in ((), ("--out", str(call.base / "out"))):
        outcome = render(call, template, *options)
        assert (outcome.code, outcome.out) == (3, b"")
        assert "nothing was written, 3 references have no value" in outcome.err
        assert all(
            line in outcome.err
            for line in ("line 2: the vault has no such secret", "line 4: it is not there")
        )
        assert "canary" not in outcome.err
    assert not (call.base / "out").exists()
    assert fake.calls == [2, 2]  # one pass each, however often a reference stands there


def test_what_a_filter_cannot_write_is_named(call, fake):
    fake.answers = {"x": b"canary\xff\0"}
    outcome = render(call, b"\n{{ fake://x | json }}\n{{ fake://x | shell }}")
    assert (outcome.code, outcome.out) == (2, b"")
    assert "line 2: the value is not UTF-8" in outcome.err
    assert "line 3: the value has a NUL" in outcome.err
    assert "canary" not in outcome.err


def test_the_output_file_is_private_and_replaced_only_with_force(call):
    """Hazard S5: no file but the one that was asked for."""
    call.set("a", b"v")
    template, out = call.base / "t", call.base / "out"
    template.write_bytes(b"{{ a }}")
    assert call("render", str(template), "--out", str(out), "--json").json == {
        "file": str(out),
        "references": 1,
    }
    if os.name != "nt":
        assert out.stat().st_mode & 0o777 == 0o600
    template.write_bytes(b"{{ a }}{{ a }}")
    assert call("--json", "render", str(template), "--out", str(out)).error["code"] == "exists"
    assert out.read_bytes() == b"v"
    assert call("render", str(template), "--out", str(out), "--force").code == 0
    assert out.read_bytes() == b"vv"
    assert {path.name for path in call.base.iterdir()} == {"t", "out", "state", "config"}


@pytest.mark.parametrize("way", ["itself", "a link to it"])
def test_force_takes_no_device_away(call, way):
    """``--out /dev/stdout --force`` by root, as in most containers: the device was gone for everybody, a file with
    secrets in its place."""
    if sys.platform == "win32":
        pytest.skip("FIFOs of POSIX")
    call.set("a", b"v")
    template, device, out = call.base / "t", call.base / "device", call.base / "out"
    template.write_bytes(b"{{ a }}")
    os.mkfifo(out if way == "itself" else device)
    if way != "itself":
        out.symlink_to(device)
    before = out.lstat()
    outcome = call("--json", "render", str(template), "--out", str(out), "--force")
    assert outcome.error["code"] == "not_a_file"
    assert (out.lstat().st_ino, out.lstat().st_mode) == (before.st_ino, before.st_mode)
    if way != "itself":
        device.unlink()  # what leads nowhere is replaced
        assert call("render", str(template), "--out", str(out), "--force").code == 0
        assert out.read_bytes() == b"v"


@pytest.mark.parametrize("unnamed", [True, False], ids=["unnamed", "named"])
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["new", "force"])
def test_a_full_disk_leaves_no_half_file(call, monkeypatch, force, unnamed):
    """Also where a file system knows no files without a name."""
    call.set("a", b"v" * 1000)
    out = call.base / "out" / "file"
    out.parent.mkdir()
    if force:
        out.write_bytes(b"old")
    real = os.write

    def full(fd, data):
        if len(data) < 500:
            raise OSError(errno.ENOSPC, "full")
        return real(fd, data[:600])

    template = call.base / "t"
    template.write_bytes(b"{{ a }}")
    if not unnamed:
        monkeypatch.setattr("palyra_kernel.cli.files._create_whole", lambda *_: False)
    monkeypatch.setattr(os, "write", full)
    outcome = call("--json", "render", str(template), "--out", str(out), *force)
    monkeypatch.undo()
    assert (outcome.code, outcome.error["code"]) == (6, "disk_full")
    assert [path.read_bytes() for path in out.parent.iterdir()] == ([b"old"] if force else [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("none",), 3), ((".",), 2), (("-", "--force"), 2), (("-", "--json"), 2), ((), 2)],
    ids=str,
)
def test_wrong_usage(call, arguments, code):
    assert call("render", *arguments).code == code


def test_an_endless_template_is_refused(call, monkeypatch):
    """Hazard U11: standard input was read without limit."""
    monkeypatch.setattr("palyra_kernel.cli.render.MAX_TEMPLATE_BYTES", 10)
    assert "value_too_large" in render(call, b"x" * 11, "--out", str(call.base / "o"), "--json").err
    assert render(call, b"x" * 10).out == b"x" * 10
