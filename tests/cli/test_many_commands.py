"""Many commands at once, and commands that are interrupted."""

import random
import signal
import subprocess
import sys
import time

import pytest

COMMANDS = 16


def start(places, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "palyra_kernel.cli", *places, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


@pytest.fixture
def folders(tmp_path):
    return ["--state-root", str(tmp_path / "state"), "--config-dir", str(tmp_path / "config")]


@pytest.mark.timeout(180)
def test_sixteen_commands_at_once(folders):
    """A store that empties a file before it writes loses the writes of whoever comes second."""
    start(folders, "init").communicate()
    running = [start(folders, "secrets", "set", f"k{number}") for number in range(COMMANDS)]
    for number, process in enumerate(running):
        process.stdin.write(b"value %d" % number)
        process.stdin.close()
    for process in running:
        assert process.wait() == 0, process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    for number in range(COMMANDS):
        out, _ = start(folders, "secrets", "get", f"k{number}", "--reveal").communicate()
        assert out == b"value %d" % number
    assert start(folders, "vault", "verify").communicate()[0] == b"16 secrets, all as written\n"


@pytest.mark.timeout(180)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to one process")
def test_interrupted_at_any_moment(folders, tmp_path):
    """Ctrl+C in the middle of a write left a lock file, and everything after it waited for half a minute."""
    start(folders, "init").communicate()
    (tmp_path / "many.json").write_text("{" + ",".join(f'"n{number}": "v"' for number in range(3000)) + "}")
    chance = random.Random(7)
    for _ in range(8):
        process = start(folders, "secrets", "import", str(tmp_path / "many.json"), "--yes", "--prefix", "x/")
        time.sleep(chance.uniform(0.15, 0.9))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        # -SIGINT: before Python answers signals. In its last moments Python prints a traceback of its own.
        assert process.returncode in (0, 130, -signal.SIGINT), err
        ours = b"Traceback" in err and b"palyra_kernel" in err and b"Exception ignored" not in err
        assert not ours or process.returncode == -signal.SIGINT, err
    verified = start(folders, "vault", "verify")
    out, err = verified.communicate()
    assert verified.returncode == 0, out + err
    done = start(folders, "secrets", "import", str(tmp_path / "many.json"), "--yes", "--prefix", "x/")
    done.communicate()
    assert done.returncode == 0
    assert b"3000 secrets" in start(folders, "vault", "verify").communicate()[0]


def test_a_reader_that_goes_away_is_no_error_of_ours(folders):
    start(folders, "init").communicate()
    process = start(folders, "plugins", "list")
    process.stdout.close()
    process.stdin.close()
    assert process.wait() in (0, 141)
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
