"""The contract of :class:`palyra_kernel.OAuthRefreshAdapter`, one file for each promise."""

from palyra_kernel.testing.oauth.classifying import ClassifyRules
from palyra_kernel.testing.oauth.failures import FailureRules
from palyra_kernel.testing.oauth.hosts import HostRules
from palyra_kernel.testing.oauth.keys import KeyRules
from palyra_kernel.testing.oauth.refreshing import RefreshRules
from palyra_kernel.testing.oauth.replies import ReplyRules
from palyra_kernel.testing.oauth.revoking import RevokeRules
from palyra_kernel.testing.oauth.secrecy import SecrecyRules
from palyra_kernel.testing.oauth.self_report import SelfReportRules
from palyra_kernel.testing.oauth.sockets import SocketRules
from palyra_kernel.testing.oauth.wire import HttpReply, ScriptedClient

__all__ = ["HttpReply", "OAuthRefreshAdapterContract", "ScriptedClient"]


class OAuthRefreshAdapterContract(
    RefreshRules,
    ReplyRules,
    FailureRules,
    HostRules,
    KeyRules,
    RevokeRules,
    ClassifyRules,
    SecrecyRules,
    SelfReportRules,
    SocketRules,
):
    """Every rule for an adapter.

    Override the fixture ``adapter``, and say in the knobs what the provider has: ``oauth``, ``revokes``, ``keys``,
    ``presents`` and ``classes``. The adapter gets a double of the kernel's client that answers from a script, and
    once the real one, which talks to a server on this machine; nothing else is reached.
    """
