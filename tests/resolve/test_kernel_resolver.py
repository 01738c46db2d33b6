"""The resolver of an open Kernel: over the vault that is open, with the sources that are enabled."""

from __future__ import annotations

import subprocess
import sys

import pytest

from palyra_kernel.errors import UnavailableError
from tests.resolve.scripted import Scripted, table, value
from tests.support import Places
from tests.test_public_face import modules_after


def test_it_reads_the_vault(kernel):
    kernel.vault.put("a", b"1")
    kernel.vault.put("a", b"2")
    kernel.vault.put("doc", b'{"k": ["v"]}')
    resolver = kernel.resolver
    assert value(resolver.resolve("a")) == b"2"
    assert value(resolver.resolve("vault://global/a?version=1")) == b"1"
    assert value(resolver.resolve("doc#/k/0")) == b"v"
    assert value(resolver.resolve("gone")) == ("failed", "secret_missing")
    assert value(resolver.resolve(table("gone", required=False, fallback=["a"]))) == b"2"
    assert value(resolver.resolve(table("a", max_bytes=1))) == b"2"
    assert value(resolver.resolve(table("doc", max_bytes=1))) == ("failed", "too_large")


def test_a_changed_secret_is_shown_by_its_policies(kernel):
    """Hazard U1."""
    kernel.vault.put("a", b"old")
    resolver = kernel.resolver
    now, later = (
        table("a", refresh_policy="per_use", snapshot_policy="refresh_per_use"),
        table("a", refresh_policy="on_reload"),
    )
    assert [value(each) for each in resolver.resolve_many([now, later]).values()] == [b"old"] * 2
    kernel.vault.put("a", b"new")
    assert [value(each) for each in resolver.resolve_many([now, later]).values()] == [b"new", b"old"]
    assert resolver.reload().changed == 1
    assert value(resolver.resolve(later)) == b"new"


def test_two_kernels_in_one_process_share_nothing(tmp_path, offline):
    """A cache by reference in the module: the second vault of a process answered with the values of the first."""
    with Places(tmp_path / "a").create() as one, Places(tmp_path / "b").create() as two:
        one.vault.put("k", b"one")
        two.vault.put("k", b"two")
        first, second = offline(one, Scripted(x=b"1")), offline(two, Scripted(x=b"2"))
        refs = ["k", "acme://x"]
        assert [value(each) for each in first.resolve_many(refs).values()] == [b"one", b"1"]
        assert [value(each) for each in second.resolve_many(refs).values()] == [b"two", b"2"]
        first.reload()
        assert (first.generation, second.generation) == (2, 1)
        one.close()
        first.close()
        assert value(second.resolve("k")) == b"two"


def test_a_closed_kernel_resolves_nothing(places):
    kernel = places.create()
    kernel.vault.put("a", b"1")
    resolver = kernel.resolver
    assert value(resolver.resolve("a")) == b"1"
    kernel.close()
    with pytest.raises(UnavailableError) as caught:
        resolver.resolve("a")
    assert caught.value.code == "closed"
    kernel.close()


def test_closing_a_kernel_that_never_resolved_builds_no_resolver(places):
    kernel = places.create()
    kernel.close()
    assert "resolver" not in vars(kernel)


def test_unknown_and_own_settings(places):
    """The vault is the Kernel's own: what somebody writes into its table must not get there."""
    places.create().close()
    (places.config_dir / "palyra.toml").write_text(
        "[sources.vault]\nvault = 'elsewhere'\n[sources.acme]\nx = 1\n"
    )
    with places.open() as kernel:
        kernel.vault.put("a", b"1")
        assert value(kernel.resolver.resolve("a")) == b"1"
        assert value(kernel.resolver.resolve("acme://x")) == ("failed", "source_missing")
    (places.config_dir / "palyra.toml").write_text("[sources.vault]\nx = 1\n")
    with places.open() as kernel:
        assert value(kernel.resolver.resolve("a")) == ("failed", "invalid_config")


def test_reading_a_secret_imports_no_resolver(tmp_path):
    """Most runs read one secret of the vault and nothing else."""
    places = Places(tmp_path)
    flags = ["--state-root", str(places.state_root), "--config-dir", str(places.config_dir)]
    for arguments, stdin in ((["init"], b""), (["secrets", "set", "a"], b"value")):
        subprocess.run(
            [sys.executable, "-m", "palyra_kernel.cli", *flags, *arguments],
            input=stdin,
            check=True,
            capture_output=True,
        )
    run = "from palyra_kernel.cli.start import run; sys.argv"
    ran, modules = modules_after(f"{run}; run(sys.argv[1:])", *flags, "secrets", "get", "a", "--reveal")
    assert ran.stdout == "value"
    resolving = {name for name in modules if name.startswith("palyra_kernel.resolve")}
    assert resolving == {"palyra_kernel.resolve", "palyra_kernel.resolve.builtin"}
    assert "palyra_kernel.contracts.sources" not in modules
    assert "palyra_kernel.values.secret_ref" not in modules


def test_resolving_from_the_vault_imports_no_event_loop_and_no_other_source(places):
    with places.create() as kernel:
        kernel.vault.put("a", b"value")
    code = (
        "from palyra_kernel import Kernel\n"
        "kernel = Kernel.open(state_root=sys.argv[1], config_dir=sys.argv[2], plugins=['file'])\n"
        "with kernel.resolver.resolve('a') as outcome: print(len(outcome.unwrap()))\n"
        "kernel.close()"
    )
    ran, modules = modules_after(code, str(places.state_root), str(places.config_dir))
    assert ran.stdout.strip() == "5", ran.stderr
    assert modules.isdisjoint({"asyncio", "concurrent.futures", "multiprocessing"})
    sources = {name for name in modules if name.startswith("palyra_kernel.resolve.sources.")}
    assert "palyra_kernel.resolve.sources.vault" in sources
