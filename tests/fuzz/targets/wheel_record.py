"""RECORD: which files a plugin's distribution says it brought."""

import csv
from pathlib import Path

from palyra_kernel.plugins.record import digest_fits, lists, rows
from tests.fuzz.oracles import folder, result, written

JSON = False

_RECORD = "a-1.dist-info/RECORD"


def seeds():
    return {
        "plain": b"a/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\na-1.dist-info/RECORD,,\n",
        "quoted": b'"a,b.py",sha256=x,1\r\n"a""b.py",,\r\n',
        "parent": b"../../bin/tool,sha256=x,1\n",
        "absolute": b"/etc/passwd,,\n",
        "nul": b"..\0/a.py,,\n",
        "two-columns": b"a,b\n",
        "four-columns": b"a,b,c,d\n",
        "quote": b'",,\n"a"b",,\n',
        "separators": "a\u2028b,,\n\x0c,,\n".encode(),
        "not-utf8": b"\xff,,\n",
        "weak": b"a.py,md5=AAAA,1\na.py,sha512=,1\n",
        "empty": b"",
    }


def check(data: bytes) -> None:
    """Rows are written and read again as the same, agree with the csv module where both understand them, and any
    path in them can be looked for."""
    info = written(_RECORD, data).parent
    found = result(lambda: list(rows(info)))
    result(lists, info, folder() / "a" / "__init__.py")
    result(lists, info, Path("/elsewhere/a.py"))
    if found is None:
        return
    if b'"' not in data:
        for row, peer in zip(found, _csv_rows(data), strict=False):
            assert len(peer) != 3 or [row.listed, row.digest] == peer[:2]
    for row in found:
        result(getattr, row, "path")
        result(digest_fits, info / "RECORD", row.digest)
    quoted = (f'"{row.listed.replace(chr(34), chr(34) * 2)}",{row.digest},\n' for row in found)
    written(_RECORD, "".join(quoted).encode())
    assert list(rows(info)) == found


def _csv_rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(line for line in data.decode().splitlines() if line))
