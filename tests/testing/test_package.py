"""The kits come by themselves: not with the kernel, not without pytest, and with assertions that explain."""

import subprocess
import sys
import threading

import pytest

from palyra_kernel.testing import BlobBackendContract, MemoryBackend
from palyra_kernel.testing.memory_blobs import BlobShelf
from palyra_kernel.testing.threads import together


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_kernel_does_not_import_them():
    code = (
        "import sys, palyra_kernel; palyra_kernel.BlobBackend; print('palyra_kernel.testing' in sys.modules)"
    )
    assert python(code).stdout == "False\n"


def test_without_pytest_the_error_says_what_to_install():
    done = python("import sys; sys.modules['pytest'] = None; import palyra_kernel.testing")
    assert "pip install 'palyra-kernel[testing]'" in done.stderr.splitlines()[-1]


def test_a_thread_that_hangs_is_noticed():
    with pytest.raises(AssertionError, match="did not return"):
        together(2, lambda number: number or threading.Event().wait(5), seconds=0.05)


def test_the_error_of_a_thread_arrives():
    with pytest.raises(ZeroDivisionError):
        together(3, lambda number: 1 // (number - 2))


def test_a_broken_rule_shows_both_values():
    """Without ``register_assert_rewrite`` a failing kit says only ``AssertionError``."""

    class Wrong(MemoryBackend):
        def get(self, ids, deadline):
            return {"unknown": b"ghost"}

    with pytest.raises(AssertionError) as caught:
        BlobBackendContract().test_unknown_ids_are_left_out(Wrong(BlobShelf()))
    assert "ghost" in str(caught.value)
