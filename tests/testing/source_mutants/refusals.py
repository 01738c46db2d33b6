"""Broken about explaining."""

import socket

import msgspec

from tests.testing.source_mutants import Healthy


class ExplainsSomethingElse(Healthy):
    breaks = "test_refuses_says_what_resolving_would"

    def refuses(self, ref):
        refused = super().refuses(ref)
        return msgspec.structs.replace(refused, code="bad_name") if refused else None

    def answer(self, ref):
        return super().refuses(ref) or super().answer(ref)


class RefusesWhatItFinds(Healthy):
    breaks = "test_what_resolves_is_not_refused"

    def refuses(self, ref):
        return self.absent(ref) if ref.target in self.shelf else super().refuses(ref)

    def answer(self, ref):
        value = self.shelf.get(ref.target)
        if value is None:
            return super().answer(ref)
        return self.too_large(value) if len(value) > ref.max_bytes else self.found(ref, value)


class AsksTheStore(Healthy):
    breaks = "test_refuses_reaches_nobody"

    def refuses(self, ref):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(("127.0.0.1", 9))
        return super().refuses(ref)


class SaysFalse(Healthy):
    breaks = "test_refuses_is_an_error_or_nothing"

    def refuses(self, ref):
        return super().refuses(ref) or (None if ref.target in self.shelf else False)

    def answer(self, ref):
        refused = self.refuses(ref)
        if refused:
            return refused
        value = self.shelf.get(ref.target)
        if value is None:
            return self.absent(ref)
        return self.too_large(value) if len(value) > ref.max_bytes else self.found(ref, value)
