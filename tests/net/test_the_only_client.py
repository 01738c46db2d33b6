"""There is no second way out: nothing else in the kernel speaks HTTP or opens a connection."""

from __future__ import annotations

import pytest

from tests.test_arrows import SOURCE, imports

_OTHERS = (
    "http.client",
    "urllib.request",
    "urllib3",
    "requests",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "aiohttp",
)
_MAY = {
    "httpcore2": {"answers.py", "client.py", "connections.py", "failures.py", "link.py"},
    "httpx2": {"httpx_transport.py"},
}
_FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_file_speaks_http_by_the_client_alone(path):
    """Hazard H50: login, validation and revocation each had a client of their own, with redirects, proxies and no
    check of addresses."""
    for name in imports(path):
        for other in _OTHERS:
            if name == other or name.startswith(f"{other}."):
                assert path.parent.name == "net", f"{path}: imports {name}"
                assert path.name in _MAY.get(other, ()), f"{path}: imports {name}"
