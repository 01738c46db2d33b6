"""What every test stands on, those of the plugins too: nobody's own folders, no network, and real counterparts that are
never skipped in CI."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket

import pytest


def pytest_configure():
    """Generated examples are judged by what they do. Else hypothesis gives each 200 ms, and a second to make the first
    ten, which a busy machine takes for itself."""
    if importlib.util.find_spec("hypothesis") is not None:  # there is none under Wine
        from hypothesis import HealthCheck, settings

        settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    """No test reads or writes the folders of the person who runs it."""
    for name in [name for name in os.environ if name.startswith("PALYRA_") and name != "PALYRA_REQUIRE_REAL"]:
        monkeypatch.delenv(name)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))


@pytest.fixture(autouse=True)
def _signals_heard():
    """Who is started in the background of a shell ignores Ctrl+C, and by ``nohup`` a hang-up too; so would all that a
    test starts and then interrupts."""
    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGQUIT", "SIGHUP")]
    ignored = [number for number in numbers if number and signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """A test that reaches out by accident fails instead of depending on the outside."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError("a test tried to use the network")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """``PALYRA_REQUIRE_REAL=1`` turns the skip of a test that needs a real counterpart into a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.get_closest_marker("real") and os.environ.get("PALYRA_REQUIRE_REAL") == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} needs its real counterpart here: {report.longrepr}"
