"""The smallest package index: one distribution that pip installs."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

NAME = "acme_demo-1.0-py3-none-any.whl"


def wheel() -> bytes:
    """The smallest distribution that pip installs."""
    files = {
        "acme_demo.py": b"",
        "acme_demo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: acme-demo\nVersion: 1.0\n",
        "acme_demo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        for name, data in files.items()
    }
    record = "".join(f"{name},sha256={digests[name]},{len(data)}\n" for name, data in files.items())
    files["acme_demo-1.0.dist-info/RECORD"] = f"{record}acme_demo-1.0.dist-info/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def package_index() -> dict[str, bytes]:
    """What the index serves, by path."""
    page = f'<!DOCTYPE html><html><body><a href="/files/{NAME}">{NAME}</a></body></html>'.encode()
    return {"/simple/acme-demo/": page, f"/files/{NAME}": wheel()}
