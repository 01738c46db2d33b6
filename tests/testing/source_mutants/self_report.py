"""Broken about what it says of itself."""

import os
import secrets

from palyra_kernel.contracts.sources import SourceCapabilities
from tests.testing.source_mutants import Healthy


class HasACapitalScheme(Healthy):
    breaks = "test_the_scheme_can_be_written"
    scheme = "Toy"


class SaysOne(Healthy):
    breaks = "test_capabilities_are_sane"

    def capabilities(self):
        return SourceCapabilities(may_block=False, batch=1, cache="local")  # type: ignore[arg-type]  # the defect


class LooksFirst(Healthy):
    breaks = "test_capabilities_need_no_io"

    def capabilities(self):
        os.stat("/")  # noqa: PTH116  # one plain call
        return super().capabilities()


class MisspellsATransform(Healthy):
    breaks = "test_transforms_are_known"
    default_transforms = ("strip_newlines",)


class NeverAgrees(Healthy):
    breaks = "test_the_batch_key_is_text_and_stays"

    def batch_key(self, ref):
        return secrets.token_hex(4)


class ClosesLater(Healthy):
    breaks = "test_no_method_is_a_coroutine"

    async def close(self):  # type: ignore[override]  # the defect
        return None
