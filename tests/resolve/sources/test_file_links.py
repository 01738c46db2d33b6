"""Links: never unless allowed, and never out of the trusted folder."""

import os
import sys
from pathlib import Path

import pytest

from tests.durable.posix import STRANGER, needs_root
from tests.resolve.sources.asking import error, files, value
from tests.resolve.sources.swapping import Swapping

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)


@pytest.fixture
def base(tmp_path):
    for name in ("trusted", "trusted/sub", "outside"):
        (tmp_path / name).mkdir(mode=0o700)
    for name, content in (("trusted/sub/key", b"inside"), ("outside/key", b"outside")):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def link(path, target):
    path.symlink_to(target)


def reference(base, name, links):
    return {"ref": f"file://{base}/trusted/{name}", "allow_symlinks": links}


def read(base, name, *, links=True):
    return value(files(base / "trusted"), reference(base, name, links))


def code(base, name, *, links=True):
    found = error(files(base / "trusted"), reference(base, name, links))
    assert found.kind == "policy_blocked"
    return found.code


@pytest.mark.parametrize("target", ["sub/key", "./sub//key", "sub/../sub/key", "{base}/trusted/sub/key"])
def test_a_link_is_followed_only_if_allowed(base, target):
    """Hazard S8: links were followed before they were looked at."""
    link(base / "trusted/key", target.format(base=base))
    assert code(base, "key", links=False) == "link"
    assert read(base, "key") == b"inside"


def test_a_link_to_a_folder_is_followed_only_if_allowed(base):
    link(base / "trusted/way", "sub")
    assert code(base, "way/key", links=False) == "link"
    assert read(base, "way/key") == b"inside"


@pytest.mark.parametrize(
    "target",
    [
        "../outside/key",
        "{base}/outside/key",
        "sub/../../outside/key",
        "../trusted/sub/key",
        "{base}/trusted/../outside/key",
        "{base}/trustedx/key",
        "/proc/self/environ",
    ],
)
def test_a_link_never_leads_out(base, target):
    """Hazard S8: also not when it would come back, because who can change what is outside decides then."""
    link(base / "trusted/key", target.format(base=base))
    assert code(base, "key") == "link_leads_out"
    link(base / "trusted/second", "key")
    assert code(base, "second") == "link_leads_out"


def test_a_link_to_a_folder_outside_leads_out(base):
    link(base / "trusted/way", "../outside")
    assert code(base, "way/key") == "link_leads_out"


def test_links_in_a_circle_end(base):
    link(base / "trusted/key", "other")
    link(base / "trusted/other", "key")
    assert code(base, "key") == "too_many_links"


def test_a_link_to_nothing_is_missing(base):
    link(base / "trusted/key", "nothing")
    assert error(files(base / "trusted"), reference(base, "key", True)).kind == "missing"


def test_secrets_of_kubernetes_are_read(base):
    """The volume is sticky and open to all; ``..data`` is a link that is exchanged at each update."""
    volume = base / "volume"
    (volume / "..2026_11_22").mkdir(parents=True)
    volume.chmod(0o1777)
    (volume / "..2026_11_22/token").write_bytes(b"of the pod")
    (volume / "..2026_11_22/token").chmod(0o640)
    link(volume / "..data", "..2026_11_22")
    link(volume / "token", "..data/token")
    ref = {"ref": f"file://{volume}/token", "allow_symlinks": True}
    assert value(files(volume), ref) == b"of the pod"


def test_links_on_the_way_to_a_trusted_folder_are_the_operators(base):
    """``/var/run/secrets`` is ``/run/secrets``."""
    link(base / "run", "trusted")
    assert value(files(base / "run"), f"file://{base}/run/sub/key") == b"inside"


def test_the_folder_of_a_reference_is_not_reached_through_a_link(base):
    """Its text is inside of the operator's, but where it leads to is not."""
    link(base / "trusted/way", "../outside")
    ref = {"ref": f"file://{base}/trusted/way/key", "trusted_dirs": [f"{base}/trusted/way"]}
    assert error(files(base / "trusted"), ref).code == "link"
    assert error(files(base / "trusted"), {**ref, "allow_symlinks": True}).code == "link_leads_out"


@needs_root
def test_a_link_of_another_user_is_refused(base):
    """In a sticky folder anybody can make one."""
    (base / "trusted").chmod(0o1777)
    link(base / "trusted/key", "sub/key")
    os.chown(base / "trusted/key", STRANGER, -1, follow_symlinks=False)
    assert code(base, "key") == "unsafe_owner_or_mode"


@pytest.mark.parametrize(("name", "exchanged"), [("key", "key"), ("sub/key", "sub")])
@pytest.mark.parametrize("links", [False, True])
def test_a_link_put_in_between_check_and_opening_is_not_followed(base, monkeypatch, name, exchanged, links):
    """Hazard S8: checked by its path, then opened by its path."""
    (base / "trusted/key").write_bytes(b"inside")
    (base / "trusted/key").chmod(0o600)
    really = os.open

    def late(path, *args, **options):
        if path == exchanged and not (base / "trusted" / exchanged).is_symlink():
            (base / "trusted" / exchanged).rename(base / "away")
            link(base / "trusted" / exchanged, Path("../outside") / ("key" if exchanged == "key" else "."))
        return really(path, *args, **options)

    monkeypatch.setattr(os, "open", late)
    found = error(files(base / "trusted"), reference(base, name, links))
    assert (found.kind, found.code) == ("io", "changed")


def test_a_folder_that_is_moved_out_while_we_are_in_it_leads_nowhere_else(base, monkeypatch):
    """Hazard S8: ``..`` of a folder that was moved is another folder."""
    link(base / "trusted/sub/up", "../key")
    (base / "trusted/key").write_bytes(b"inside")
    (base / "key").write_bytes(b"outside")
    for path in (base / "trusted/key", base / "key"):
        path.chmod(0o600)
    really = os.readlink

    def late(path, **options):
        if path == "up":
            (base / "trusted/sub").rename(base / "sub")
        return really(path, **options)

    monkeypatch.setattr(os, "readlink", late)
    assert read(base, "sub/up") == b"inside"


def test_no_byte_from_outside_while_somebody_swaps(tmp_path):
    """Hazard S8: 10,000 link swaps; in long: ``dev.py bench faults links``."""
    swapping = Swapping(tmp_path)
    while (
        swapping.counts["swaps"] < 500 or not swapping.counts["read"] or not swapping.counts["link_leads_out"]
    ):
        swapping.swap(500)
