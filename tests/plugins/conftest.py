"""Real little distributions on disk: a folder on ``sys.path`` with modules and a hand-written ``.dist-info``."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import sys
from pathlib import Path

import pytest

from palyra_kernel.plugins.host import PluginHost

BACKEND = """
from palyra_kernel.contracts.blobs import BlobBackend, BlobCapabilities
from palyra_kernel.hookspecs import hookimpl

class Memory(BlobBackend):
    kind = "{kind}"
    def __init__(self):
        self.blobs = {{}}
    @classmethod
    def open(cls, place):
        return cls()
    def capabilities(self):
        return BlobCapabilities(max_blob_bytes=1000)
    def put(self, blobs, deadline):
        self.blobs.update(blobs)
    def get(self, ids, deadline):
        return {{i: self.blobs[i] for i in ids if i in self.blobs}}
    def delete(self, ids, deadline):
        for i in ids:
            self.blobs.pop(i, None)
    def list(self, after, limit):
        return sorted(i for i in self.blobs if i > (after or ""))[:limit]
    def probe(self):
        pass
    def close(self):
        pass

@hookimpl
def palyra_blob_backends():
    return [Memory]
"""


def backend_source(kind="memory"):
    """The source of a plugin with one backend."""
    return BACKEND.format(kind=kind)


class Site:
    """A folder like site-packages, first on ``sys.path``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name, source):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8", newline="\n")
        importlib.invalidate_caches()
        return path

    def add(
        self,
        distribution,
        entry_points,
        files=None,
        *,
        version="1.0",
        requires=("palyra-kernel>=0.1,<0.2",),
        editable=False,
    ) -> Path:
        """Install; *files* maps names to sources. Returns the ``.dist-info`` folder."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        for name, source in (files or {}).items():
            self.write(name, source)
        headers = ["Metadata-Version: 2.4", f"Name: {distribution}", f"Version: {version}"]
        headers += [f"Requires-Dist: {each}" for each in requires]
        (info / "METADATA").write_text("\n".join([*headers, "", "Text: with a colon, not a header", ""]))
        lines = ["[console_scripts]", "tool = a:b", "", "[palyra.plugins]"]
        lines += [f"{name} = {value}" for name, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join([*lines, ""]))
        if editable:
            url = {"url": "file:///somewhere", "dir_info": {"editable": True}}
            (info / "direct_url.json").write_text(json.dumps(url))
        self.record(info, files or {})
        importlib.invalidate_caches()
        return info

    def record(self, info, files):
        """Write a correct RECORD."""
        listed = [self.folder / name for name in files]
        listed += [each for each in sorted(info.iterdir()) if each.name != "RECORD"]
        rows = []
        for path in listed:
            digest = (
                base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
            )
            rows.append(f"{path.relative_to(self.folder).as_posix()},sha256={digest},{path.stat().st_size}")
        rows.append(f"{info.name}/RECORD,,")
        (info / "RECORD").write_text("\n".join([*rows, ""]))

    def plugin(self, name="zed", kind="memory", **options) -> Path:
        """Install ``acme-NAME`` with the plugin *name* in the module ``acme_NAME``."""
        files = {f"acme_{name}.py": backend_source(kind)}
        return self.add(f"acme-{name}", {name: f"acme_{name}"}, files, **options)

    def forget(self):
        """Drop every module that was imported from here."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder.parent)):
                del sys.modules[name]


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    made = Site(folder)
    yield made
    made.forget()


@pytest.fixture
def config_dir(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def offer_of(site):
    """Install a plugin from source and return the only offer of a hook's registry attribute."""

    def build(source, attribute="blob_backends", name="zed"):
        from palyra_kernel.plugins.discovery import discover
        from palyra_kernel.plugins.pinning import pin_of, the_only

        site.add(f"acme-{name}", {name: f"acme_{name}"}, {f"acme_{name}.py": source})
        host = PluginHost([pin_of(the_only(discover(), name))])
        (offer,) = getattr(host.registry, attribute).values()
        return offer

    return build


@pytest.fixture
def source():
    return backend_source


@pytest.fixture
def made_adapter(offer_of):
    """Build the adapter of ``acme_adapter`` behind its guard, some methods and attributes replaced."""
    from palyra_kernel.plugins.guard import guarded_adapter
    from tests.plugins.acme_adapter import ADAPTER

    offer = offer_of(ADAPTER, "oauth_adapters")

    def make(**changed):
        for name, value in changed.items():
            setattr(sys.modules["acme_zed"].Acme, name, value)
        return guarded_adapter(offer)

    return make
