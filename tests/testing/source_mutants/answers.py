"""Broken about why there is no value."""

import msgspec

from tests.testing.source_mutants import Healthy


class CallsAbsenceAFailure(Healthy):
    breaks = "test_an_absent_secret_is_missing"

    def absent(self, ref):
        return msgspec.structs.replace(super().absent(ref), kind="io")


class IgnoresTheQuery(Healthy):
    breaks = "test_a_malformed_reference_is_invalid"

    def refuses(self, ref):
        return None if ref.query else super().refuses(ref)


class HasNoHint(Healthy):
    breaks = "test_errors_say_what_to_do"

    def absent(self, ref):
        return msgspec.structs.replace(super().absent(ref), hint=None)


class NamesTheSecret(Healthy):
    breaks = "test_messages_name_no_target"

    def absent(self, ref):
        return msgspec.structs.replace(super().absent(ref), message=f"there is no {ref.target}")
