"""Exactly the pinned plugins are imported, and nothing that pluggy would accept in silence gets in."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import palyra_kernel
from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.plugins.discovery import discover
from palyra_kernel.plugins.host import PluginHost
from palyra_kernel.plugins.pinning import pin_of, the_only
from palyra_kernel.plugins.pins import edited_pins
from palyra_kernel.plugins.verify import check_pin


def pin_all(config_dir, *names):
    with edited_pins(config_dir) as pins:
        for name in names:
            pins[name] = pin_of(the_only(discover(), name))


def loaded(host):
    return [each.plugin for each in host.plugins]


def refusal(source, site, entry="acme_bad"):
    """Load a plugin of that source and return the error."""
    site.add("acme-bad", {"bad": entry}, {"acme_bad.py": source})
    with pytest.raises(PalyraError) as caught:
        PluginHost([pin_of(the_only(discover(), "bad"))])
    return caught.value


@pytest.fixture
def three(site, config_dir):
    for name in ("one", "two", "three"):
        site.plugin(name, kind=name)
    pin_all(config_dir, "two", "one")
    return config_dir


def test_no_lock_and_no_names_load_nothing(site, config_dir):
    site.plugin()
    assert loaded(PluginHost.load(config_dir)) == []
    assert "acme_zed" not in sys.modules


def test_exactly_the_pinned_ones_sorted_by_name(three):
    """Elsewhere everything installed was imported, and the order was chance."""
    host = PluginHost.load(three)
    assert loaded(host) == ["one", "two"]
    assert "acme_three" not in sys.modules
    assert list(host.registry.blob_backends) == ["one", "two"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, ["one", "two"]),
        (["one"], ["one"]),
        (["two", "one", "one"], ["one", "two"]),
        (["no:one"], ["two"]),
        (["one", "no:one"], []),
        (["no:nobody"], ["one", "two"]),
        ([], []),
    ],
)
def test_names_narrow_what_is_pinned(three, names, expected):
    assert loaded(PluginHost.load(three, names)) == expected


def test_a_name_that_is_not_pinned_is_not_loaded(three):
    """Installed is not enabled: the error says how to enable it."""
    with pytest.raises(NotFoundError) as caught:
        PluginHost.load(three, ["three"])
    assert caught.value.code == "plugin_not_enabled"
    assert "palyra plugins enable three" in str(caught.value.hint)
    assert "acme_three" not in sys.modules


@pytest.mark.parametrize("names", ["one", ["One"], [""], ["no:"], ["a.b"], ["builtin.keys"]])
def test_names_that_are_none(three, names):
    with pytest.raises(InvalidInputError):
        PluginHost.load(three, names)


def test_without_any_lock_names_are_the_whole_set(site, config_dir):
    site.plugin("one", kind="one")
    site.plugin("two", kind="two")
    assert loaded(PluginHost.load(config_dir, ["two"])) == ["two"]
    assert loaded(PluginHost.load(None, ["one"])) == ["one"]
    assert loaded(PluginHost.load(config_dir, ["no:one"])) == []
    with pytest.raises(NotFoundError, match="nobody"):
        PluginHost.load(config_dir, ["nobody"])


def test_an_empty_lock_is_a_decision(site, config_dir):
    site.plugin()
    pin_all(config_dir, "zed")
    with edited_pins(config_dir) as pins:
        pins.clear()
    assert loaded(PluginHost.load(config_dir)) == []
    with pytest.raises(NotFoundError):
        PluginHost.load(config_dir, ["zed"])


def test_builtins_come_first_and_cannot_be_shadowed(site, config_dir, source):
    """A plugin that offers the kind of a built-in one would get every key or blob."""
    module = types.ModuleType("palyra_kernel.rooms.builtin")
    exec(source("file"), module.__dict__)
    site.plugin("abc", kind="abc")
    pin_all(config_dir, "abc")
    host = PluginHost.load(config_dir, builtins=[module])
    assert loaded(host) == ["builtin.rooms", "abc"]
    offer = host.registry.blob_backends["file"]
    assert (offer.builtin, offer.plugin, offer.distribution) == (True, "builtin.rooms", "palyra-kernel")
    assert offer.version == palyra_kernel.__version__

    site.plugin("thief", kind="file")
    pin_all(config_dir, "thief")
    with pytest.raises(
        ConflictError, match=r"'builtin.rooms' \(palyra-kernel .*'thief' \(acme-thief 1\.0\)"
    ) as caught:
        PluginHost.load(config_dir, builtins=[module])
    assert caught.value.code == "plugin_duplicate"
    assert "disable thief" in str(caught.value.hint)


def test_a_key_offered_twice_names_both_distributions(site, config_dir):
    """pluggy asks the last registered first, so whoever sorts later would win."""
    site.plugin("one", kind="same")
    site.plugin("two", kind="same")
    pin_all(config_dir, "one", "two")
    with pytest.raises(ConflictError, match=r"'same'.*acme-one 1\.0.*acme-two 1\.0"):
        PluginHost.load(config_dir)


def test_one_object_under_two_names(site):
    site.add("acme-a", {"a": "acme_same"}, {"acme_same.py": "from palyra_kernel.hookspecs import hookimpl"})
    site.add("acme-b", {"b": "acme_same"}, {"acme_same.py": ""})
    site.write("acme_same.py", "def palyra_blob_backends(): return []")
    (site.folder / "acme_same.py").write_text(
        "from palyra_kernel.hookspecs import hookimpl\n@hookimpl\ndef palyra_blob_backends(): return []\n"
    )
    with pytest.raises(ConflictError, match="same object"):
        PluginHost([pin_of(the_only(discover(), name)) for name in ("a", "b")])


def test_a_broken_plugin_stops_the_start_and_quotes_nothing(site, config_dir):
    """Elsewhere a broken plugin was logged and skipped, and data went to another store."""
    site.plugin("good", kind="good")
    site.add("acme-bad", {"bad": "acme_bad"}, {"acme_bad.py": "raise RuntimeError('hunter2')"})
    pin_all(config_dir, "good", "bad")
    with pytest.raises(
        UnavailableError, match=r"'bad' \(acme-bad 1\.0\).*acme_bad raised RuntimeError"
    ) as caught:
        PluginHost.load(config_dir)
    assert caught.value.code == "plugin_broken"
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert loaded(PluginHost.load(config_dir, ["no:bad"])) == ["good"]


@pytest.mark.parametrize(
    "source",
    ["import acme_missing_dependency", "import sys; sys.exit(0)", "def", "x = 1 / 0"],
)
def test_every_way_to_fail_at_import(site, source):
    """sys.exit(0) in a plugin ended the whole program, successfully."""
    assert refusal(source, site).code == "plugin_broken"


def test_ctrl_c_during_an_import_is_ctrl_c(site):
    site.add("acme-bad", {"bad": "acme_bad"}, {"acme_bad.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        PluginHost([pin_of(the_only(discover(), "bad"))])


HOOK = "from palyra_kernel.hookspecs import hookimpl\n"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("@hookimpl(wrapper=True)\ndef palyra_blob_backends():\n    yield\n    return []", "wrapper"),
        ("@hookimpl(hookwrapper=True)\ndef palyra_blob_backends():\n    yield", "hookwrapper"),
        ("@hookimpl(tryfirst=True)\ndef palyra_blob_backends(): return []", "tryfirst"),
        ("@hookimpl(trylast=True)\ndef palyra_blob_backends(): return []", "trylast"),
        ("@hookimpl\nasync def palyra_blob_backends(): return []", "coroutine"),
        ("@hookimpl\nasync def palyra_blob_backends(): yield []", "coroutine"),
        ("@hookimpl\ndef palyra_blob_backends(): yield []", "generator"),
        ("@hookimpl\ndef palyra_blob_backend(): return []", "palyra_blob_backend is not a hook"),
        ("@hookimpl(optionalhook=True)\ndef palyra_blob_backend(): return []", "not a hook"),
        ("@hookimpl\ndef palyra_blob_backends(extra): return []", "arguments"),
        ("@hookimpl(wrapper=True)\ndef palyra_blob_backends(): return []", "arguments or options"),
        ("def palyra_blob_backends(): return []", "offers no hook"),
        ("@hookimpl\ndef palyra_blob_backends(): return None", "returned NoneType"),
        ("@hookimpl\ndef palyra_blob_backends(): return {}", "returned dict"),
        ("@hookimpl\ndef palyra_blob_backends(): return [1]", "a int instead of a class"),
        ("@hookimpl\ndef palyra_blob_backends(): return [dict]", "dict is not a BlobBackend"),
    ],
)
def test_what_pluggy_accepts_in_silence_is_refused(site, source, why):
    """A wrapper replaced everybody's results with []; a misspelt hook was never called and nobody was told."""
    error = refusal(HOOK + source, site)
    assert (error.code, type(error)) == ("plugin_refused", UnavailableError)
    assert why in error.message
    assert "acme-bad 1.0" in error.message


def test_a_hook_that_raises(site):
    error = refusal(HOOK + "@hookimpl\ndef palyra_blob_backends(): raise ValueError('hunter2')", site)
    assert error.code == "plugin_broken"
    assert "ValueError" in error.message
    assert "hunter2" not in error.message


@pytest.mark.parametrize("entry", ["acme_bad:nothing", "acme_bad:a.b"])
def test_an_attribute_that_is_not_there(site, entry):
    assert refusal("a = 1", site, entry).code == "plugin_broken"


def test_an_attribute_as_plugin(site, source):
    text = (
        source("inner") + "\nclass Holder:\n    palyra_blob_backends = staticmethod(palyra_blob_backends)\n"
    )
    site.add("acme-held", {"held": "acme_held:Holder"}, {"acme_held.py": text})
    host = PluginHost([pin_of(the_only(discover(), "held"))])
    assert list(host.registry.blob_backends) == ["inner"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('kind = "memory"', "", "kind is not a legal key"),
        ('kind = "memory"', 'kind = "Memory"', "legal key"),
        ('kind = "memory"', 'kind = "../x"', "legal key"),
        ('kind = "memory"', "kind = 7", "legal key"),
        ('kind = "memory"', 'kind = "memory"; strength = 101', "strength is not what its contract allows"),
        ('kind = "memory"', 'kind = "memory"; strength = "9"', "strength"),
        ("def list(self", "def lst(self", "Memory does not implement list"),
        ("def get(self", "async def get(self", "Memory.get is a coroutine"),
        ("        return cls()", "        yield cls()", "Memory.open is a coroutine or generator"),
        ("class Memory(BlobBackend)", "class Memory", "not a BlobBackend"),
        ("@hookimpl", "BlobBackend.register(dict)\n@hookimpl", "dict is not a BlobBackend"),
    ],
)
def test_classes_that_could_not_work(site, source, old, new, why):
    """A coroutine in place of put() returns at once, and nothing is written."""
    text = source().replace(old, new)
    if "register" in new:
        text = text.replace("[Memory]", "[dict]")
    error = refusal(text, site)
    assert error.code == "plugin_refused"
    assert why in error.message


def test_each_hook_is_called_once(site, source):
    text = (
        source().replace("    return [Memory]", "    calls.append(1)\n    return [Memory]") + "\ncalls = []\n"
    )
    site.add("acme-once", {"once": "acme_once"}, {"acme_once.py": text})
    host = PluginHost([pin_of(the_only(discover(), "once"))])
    assert list(host.registry.blob_backends) == list(host.registry.blob_backends) == ["memory"]
    assert sys.modules["acme_once"].calls == [1]
    with pytest.raises(TypeError):
        vars(host.registry)["blob_backends"]["x"] = 1


def test_a_look_alike_earlier_on_the_path_is_not_executed(site, config_dir, tmp_path, monkeypatch):
    """The pin names files, sys.path finds others: a module of the same name in the working folder."""
    site.plugin()
    pin_all(config_dir, "zed")
    early = tmp_path / "early"
    early.mkdir()
    (early / "acme_zed.py").write_text("raise AssertionError('executed')")
    monkeypatch.syspath_prepend(early)
    with pytest.raises(IntegrityError, match="early") as caught:
        PluginHost.load(config_dir)
    assert caught.value.code == "plugin_changed"


def test_a_parent_package_that_the_distribution_did_not_bring_is_not_executed(site, source):
    """An __init__.py dropped into a namespace that several distributions share."""
    site.add("acme-ns", {"ns": "acme_ns.zed"}, {"acme_ns/zed.py": source()})
    pin = pin_of(the_only(discover(), "ns"))
    assert loaded(PluginHost([pin])) == ["ns"]
    site.forget()
    sys.modules.pop("acme_ns", None)
    site.write("acme_ns/__init__.py", "raise AssertionError('executed')")
    with pytest.raises(IntegrityError):
        PluginHost([pin])


def test_a_builtin_module_as_entry_point(site):
    site.add("acme-bad", {"bad": "sys"})
    with pytest.raises(IntegrityError):
        PluginHost([pin_of(the_only(discover(), "bad"))])


def test_a_module_that_is_gone(site, config_dir):
    """Half an uninstall: the metadata is still there."""
    site.plugin()
    pin_all(config_dir, "zed")
    (site.folder / "acme_zed.py").unlink()
    with pytest.raises(UnavailableError, match="no module acme_zed") as caught:
        PluginHost.load(config_dir)
    assert caught.value.code == "plugin_missing"


def test_editable_files_come_from_anywhere(site, config_dir, tmp_path, monkeypatch):
    site.plugin(editable=True)
    tree = tmp_path / "tree"
    tree.mkdir()
    (site.folder / "acme_zed.py").rename(tree / "acme_zed.py")
    monkeypatch.syspath_prepend(tree)
    pin_all(config_dir, "zed")
    assert loaded(PluginHost.load(config_dir)) == ["zed"]


def test_an_error_keeps_no_manager(site):
    """Each host has its own manager; one that failed leaves nothing for the next."""
    site.plugin()
    pin = pin_of(the_only(discover(), "zed"))
    check_pin(pin)
    assert loaded(PluginHost([pin])) == loaded(PluginHost([pin])) == ["zed"]


def test_a_start_scans_nothing(site, config_dir):
    """Importing stevedore costs 60 ms and scanning grows with what is installed; the lock needs neither."""
    site.plugin()
    pin_all(config_dir, "zed")
    script = (
        "import sys; from pathlib import Path; from palyra_kernel.plugins import PluginHost, guarded_backend;"
        "host = PluginHost.load(Path(sys.argv[1])); print([o.plugin for o in host.plugins],"
        "[m for m in ('stevedore', 'importlib.metadata', 'packaging', 'email', 'csv', 'dataclasses')"
        " if m in sys.modules])"
    )
    path = os.pathsep.join([str(site.folder), str(Path(palyra_kernel.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", script, str(config_dir)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['zed'] []\n", "")


@hookimpl
def not_a_hook():
    """For the test below: the mark of a hook on a function of this module."""


def test_a_builtin_module_passes_the_same_door():
    with pytest.raises(UnavailableError, match="not_a_hook is not a hook"):
        PluginHost([], builtins=[sys.modules[__name__]])
