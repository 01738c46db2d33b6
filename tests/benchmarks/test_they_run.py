"""Benchmarks are no tests, but one that nobody can run any more measures nothing."""

import sys

import pytest

from benchmarks import results, run
from benchmarks.scale import QUICK
from benchmarks.stores import absent
from tests.desktop import require_desktop


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore:PBKDF2 without:DeprecationWarning")  # a peer's own choice
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.real if name == "secretservice" else ()) for name in run.NAMES],
)
def test_each_runs_at_its_smallest(name, capsys, monkeypatch, tmp_path):
    """A peer's release or a renamed method of ours breaks a benchmark silently: it runs once in a release."""
    if name == "secretservice":
        require_desktop()
    monkeypatch.setattr(results, "LAST", tmp_path / "last")
    assert run.main(["--quick", name]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) > 2, out
    assert err.count("not measured") == len(absent())
    assert not (tmp_path / "last").exists()  # toy numbers are not kept


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked and killed")
@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("refresh-race vendor --expiries 2 --processes 3", ["vendor", "2", "6", "2", "0", "0"]),
        ("refresh-faults kill --rounds 2 --issuer vendor", ["kill", "vendor", "2", "2"]),
    ],
)
def test_the_long_runs_of_logins_run(line, done, capsys, monkeypatch, tmp_path):
    """The same of those that have a line of their own."""
    monkeypatch.setattr(results, "LAST", tmp_path / "last")
    assert run.main(line.split()) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[: len(done)] == done


@pytest.mark.skipif(sys.platform != "linux", reason="processes with one clock")
@pytest.mark.timeout(180)
def test_nodes_in_trouble(capsys, monkeypatch, tmp_path):
    """Hazard H30: nothing that was acknowledged is lost, and nothing runs twice."""
    monkeypatch.setattr(results, "LAST", tmp_path / "last")
    line = "soak --nodes 3 --processes 1 --calm 1 --minutes 0.02 --rate 5 --lease 3"
    assert run.main(line.split()) == 0
    counts = dict(each.split(None, 1) for each in capsys.readouterr().out.splitlines()[1:])
    assert counts["online"] == "3"
    assert int(counts["ran"]) > 0


def test_an_unknown_name_is_told(capsys):
    assert run.main(["vault", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_numbers_are_kept_with_the_machine_that_they_are_of(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(results, "LAST", tmp_path / "last")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    monkeypatch.setattr(run, "FULL", QUICK)
    assert run.main(["writers"]) == 0
    results.publish()
    kept = results.published()["writers"]
    assert set(kept["machine"]) >= {"cpu", "cores", "system", "python", "sqlite", "file_system", "fsync_us"}
    assert len(kept["rows"][-1]["raw"]["ours"]) == QUICK.writers * QUICK.writes
