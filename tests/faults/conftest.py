"""Faults are injected by fork, signals and tools of POSIX; Windows has its own tests beside each room."""

import sys

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []
