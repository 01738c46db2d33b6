"""What an engine is to a process: for all of its threads, and loaded only by whoever decides."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.probes import probes
from tests.policy.asking import bundle

_LOADED = (
    "import sys\nsys.argv = ['palyra', *sys.argv[1:]]\n{}\nprint('cedarpy' in sys.modules, file=sys.stderr)"
)


def test_any_thread_may_ask():
    """Sets of rules and entities are made when they are first needed, by whoever comes first."""
    made = bundle(main='@id("w") forbid (principal, action == Action::"vault.gc", resource);')
    every = list(probes([made], ["vault.gc", "secret.read", "tool.execute"]))[::40]
    layer = made.session_layer('@id("s") forbid (principal, action, resource) when { context.mtls };')
    alone = [PolicyEngine(made).decide(*asked, layer=layer) for asked in every[:20]]
    engine = PolicyEngine(made)
    with ThreadPoolExecutor(8) as pool:
        rounds = list(pool.map(lambda _: [engine.decide(*asked, layer=layer) for asked in every], range(8)))
    assert all(answers == rounds[0] for answers in rounds)
    assert rounds[0][:20] == alone


@pytest.mark.parametrize(
    ("program", "loaded"),
    [
        ("import palyra_kernel", False),
        (
            "import palyra_kernel.policy.engine, palyra_kernel.policy.store, palyra_kernel.policy.explain",
            False,
        ),
        (
            "import palyra_kernel.policy.diff, palyra_kernel.policy.cases, palyra_kernel.policy.formatting",
            False,
        ),
        ("import palyra_kernel.cli.policy", False),
        ("from palyra_kernel.cli.start import run; run(['policy', '--help'])", False),
        ("from palyra_kernel.cli.start import run; run(['policy', 'explain', '--help'])", False),
        ("from palyra_kernel.cli.start import run; run(['policy', 'check', 'default'])", True),
    ],
)
def test_the_library_is_loaded_only_to_decide(program, loaded):
    """It costs 40 ms at each start."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(program)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == str(loaded), done.stderr


_LAZY = """
import sys
from palyra_kernel.policy.bundle import Bundle
Bundle.default()
trees = sys.modules["cedarpy.pst"]
print(object.__getattribute__(trees, "__class__").__name__)
import cedarpy
print(type(cedarpy.policies_to_pst("permit (principal, action, resource);")) is trees.PolicySet)
print(type(trees).__name__)
"""


def test_of_the_library_only_what_is_used_is_loaded():
    """Its classes for syntax trees take three quarters of its import. Whoever wants them has them."""
    done = subprocess.run(
        [sys.executable, "-c", _LAZY], capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout.split() == ["_Later", "True", "module"]


def test_the_bundle_of_the_kernel_is_one_object():
    assert Bundle.default() is Bundle.default()
