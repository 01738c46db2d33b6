"""The contract of :class:`palyra_kernel.SecretSource`, one file for each promise."""

from palyra_kernel.testing.sources.answers import AnswerRules
from palyra_kernel.testing.sources.batches import BatchRules
from palyra_kernel.testing.sources.contents import ContentRules
from palyra_kernel.testing.sources.deadlines import DeadlineRules
from palyra_kernel.testing.sources.opening import OpeningRules
from palyra_kernel.testing.sources.refusals import RefusalRules
from palyra_kernel.testing.sources.secrecy import SecrecyRules
from palyra_kernel.testing.sources.self_report import SelfReportRules

__all__ = ["SecretSourceContract"]


class SecretSourceContract(
    ContentRules,
    AnswerRules,
    BatchRules,
    RefusalRules,
    DeadlineRules,
    OpeningRules,
    SecrecyRules,
    SelfReportRules,
):
    """Every rule for a secret source.

    Override the fixtures ``source`` (your source, opened with the fixture ``settings``) and ``store`` (a function
    that puts a value under a name into the real store, and returns the reference to it), and set ``absent`` to a
    reference that names nothing. The kit closes the source.
    """
