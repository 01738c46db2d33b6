"""The example of a backend in the documentation, as a second real store beside ``file``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from palyra_kernel import Kernel
from tests.support import Places

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "acme_store" / "acme_palyra_store.py"
KIND = "acme_store"
BOTH = ("file", KIND)


def install(site: Path) -> str:
    """Install it in the folder *site*; return that as an entry for ``sys.path``."""
    return plugin(site, KIND, EXAMPLE.read_text())


def plugin(site: Path, name: str, source: str) -> str:
    """Install a plugin *name* with the source of its one module in the folder *site*."""
    info, module = site / f"{name}-1.0.dist-info", f"strange_{name}"
    info.mkdir(parents=True)
    (site / f"{module}.py").write_text(source)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nRequires-Dist: palyra-kernel>=0.1,<1\n\n"
    )
    (info / "entry_points.txt").write_text(f"[palyra.plugins]\n{name} = {module}\n")
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///", "dir_info": {"editable": True}}))
    (info / "RECORD").write_text(f"{module}.py,,\n")
    return str(site)


class BothPlaces(Places):
    """Places whose kernels have both backends."""

    def open(self, **options: Any) -> Kernel:
        options.setdefault("plugins", list(BOTH))
        return super().open(**options)


def held(kernel: Kernel, kind: str) -> set[str]:
    """What the backend of *kind* holds of the vault of *kernel*."""
    backend = kernel._backends.open(kind)
    try:
        found: list[str] = []
        while page := backend.list(found[-1] if found else None, 1000):
            found += page
        return set(found)
    finally:
        backend.close()
