"""Policies laid out as Cedar does, which reads them with the same parser that has to be guarded."""

from __future__ import annotations

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bounds import MAX_BUNDLE_BYTES, on_large_stack, refused, split_rules


def formatted(text: str, file: str) -> str:
    """*text* in the usual layout. Raises :class:`InvalidInputError` ``policy_syntax``, ``policy_too_deep``, …"""
    import cedarpy

    try:
        split_rules(text, MAX_BUNDLE_BYTES)
        return on_large_stack(lambda: cedarpy.format_policies(text, line_width=110))
    except InvalidInputError as error:
        raise refused(error.code, f"{file}: {error.message}", hint=error.hint) from None
    except (ValueError, UnicodeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise refused("policy_syntax", f"{file}: {reason}") from None
