import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from palyra_kernel import PalyraError
from palyra_kernel.cli.tour.stage import Stage

ENTRY = [sys.executable, "-m", "palyra_kernel.cli", "tour"]


@pytest.fixture
def throwaway(tmp_path, monkeypatch):
    """Where the tour's folder is born."""
    folder = tmp_path / "temporary"
    folder.mkdir(mode=0o700)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(folder))
    return folder


def _tour(*arguments):
    return subprocess.run([*ENTRY, *arguments], capture_output=True, text=True, check=False)


def test_the_tour_does_what_it_says_and_can_be_kept(throwaway):
    done = _tour("--keep")
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "$ palyra init",
        "$ palyra secrets import .env --yes",
        "$ palyra secrets set tls/key.pem < first.pem",
        "$ palyra secrets list",
        "$ palyra secrets get tls/key.pem --reveal > copy.pem",
        "$ palyra secrets history tls/key.pem",
        "$ palyra vault verify",
        "3 secrets, all as written",
        "not a trace",
        "the same",
    ):
        assert f"{line}\n" in done.stdout
    assert "\x1b" not in done.stdout, "colours are for terminals"
    (folder,) = throwaway.iterdir()
    assert str(folder) in done.stdout
    assert os.name == "nt" or stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "first.pem").read_bytes() == (folder / "copy.pem").read_bytes()


def test_a_program_gets_every_outcome_and_the_readers_own_vault_is_not_touched(
    throwaway, tmp_path, monkeypatch
):
    for name in ("PALYRA_STATE_ROOT", "PALYRA_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    done = _tour("--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    codes = [(ran["command"], ran["exit_code"]) for ran in report["commands"]]
    assert ("palyra vault verify", 0) in codes
    assert ("palyra vault verify", 8) in codes
    assert ("palyra secrets get tls/key.pem --reveal", 8) in codes
    assert report["folder"] is None
    assert list(throwaway.iterdir()) == []
    assert not list(tmp_path.glob("PALYRA_*"))


@pytest.mark.skipif(os.name == "nt", reason="modes are not checked on Windows")
def test_a_step_that_fails_ends_the_tour_and_leaves_nothing(throwaway):
    throwaway.chmod(0o777)  # everybody may rename what is in it, so no vault may be there
    done = _tour()
    assert done.returncode == 1
    assert "palyra init" in done.stderr
    assert "The tour is over" not in done.stdout
    assert list(throwaway.iterdir()) == []


def test_ctrl_c_removes_the_folder(throwaway):
    if sys.platform == "win32":
        pytest.skip("it has no signal for a group of processes")
    tour = subprocess.Popen(
        ENTRY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with tour:
        assert tour.stdout is not None
        assert any("$ palyra init" in line for line in iter(tour.stdout.readline, ""))
        _wait_for(lambda: list(throwaway.glob("*/config")))
        os.killpg(tour.pid, signal.SIGINT)
        tour.communicate(timeout=30)
    assert tour.returncode == 130
    assert list(throwaway.iterdir()) == []


def _wait_for(truth):
    until = time.monotonic() + 30
    while not truth():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(tmp_path, silent=False)


def test_a_command_with_another_exit_code_than_promised_stops_the_tour(stage, capsys):
    with pytest.raises(PalyraError, match="exit code 8, not 3") as caught:
        stage.palyra("vault", "status", expect=8)
    assert caught.value.code == "tour_failed"
    assert "$ palyra vault status" in capsys.readouterr().out


def test_files_that_differ_and_traces_in_the_clear_stop_the_tour(stage, tmp_path: Path):
    stage.write("a", "1")
    stage.write("b", "2")
    with pytest.raises(PalyraError, match="a and b are the same"):
        stage.same("a", "b")
    with pytest.raises(PalyraError, match="in the clear"):
        stage.nowhere("anything")  # there is no vault to look into
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "leak").write_text("my secret here")
    with pytest.raises(PalyraError, match="in the clear"):
        stage.nowhere("secret")
