"""Shapes of well-known tokens, each with a stable id: what redaction removes and an audit reports.

Every expression runs in linear time. What may be long is either taken whole (``++``) or ends a match, and where
something must follow it, no other match can begin inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from palyra_kernel.redact.named import find_named
from palyra_kernel.redact.names import is_secret_name, looks_secret

__all__ = ["NAMED", "PATTERNS", "Match", "find_tokens", "is_secret_name", "looks_secret"]

NAMED = "named_value"
"""The id of a value whose name says that it is a secret."""


class Match(NamedTuple):
    """Characters *start* to *end* of a text, the end not included, are a secret of the kind *pattern_id*."""

    start: int
    end: int
    pattern_id: str


_ALONE = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"  # at the start of a word; an escaped line break is no letter
_PEM = r"PRIVATE KEY(?: BLOCK)?-----"

PATTERNS: dict[str, tuple[tuple[str, ...], str]] = {
    "anthropic_key": (("sk-ant-",), r"sk-ant-[\w-]{16,}+"),
    "openai_key": (("sk-",), _ALONE + r"sk-[\w-]{20,}+"),
    "stripe_key": (("_live_", "_test_"), r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    "stripe_webhook_secret": (("whsec_",), r"whsec_[A-Za-z0-9+/=]{16,}+"),
    "github_token": (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{20,}+"),
    "github_fine_grained_token": (("github_pat_",), r"github_pat_\w{20,}+"),
    "gitlab_token": (("glpat-", "gldt-", "glrt-"), r"gl(?:pat|dt|rt)-[\w-]{20,}+"),
    "aws_key_pair": (
        ("AKIA", "ASIA"),
        r"A[KS]IA[A-Z0-9]{16}[\"'\s:,;|/=]{1,12}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])",
    ),
    "aws_access_key_id": (("AKIA", "ASIA"), r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    "slack_token": (("xox", "xapp-"), r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{10,}+"),
    "slack_webhook": (("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows)/[\w/-]{20,}+"),
    "google_api_key": (("AIza",), r"AIza[\w-]{35,}+"),
    "google_oauth_token": (("ya29.", "GOCSPX-"), r"(?:ya29\.|GOCSPX-)[\w-]{20,}+"),
    "npm_token": (("npm_",), r"npm_[A-Za-z0-9]{30,}+"),
    "pypi_token": (("pypi-AgE",), r"pypi-AgE[\w-]{16,}+"),
    "huggingface_token": (("hf_",), _ALONE + r"hf_[A-Za-z0-9]{30,}+"),
    "sendgrid_key": (("SG.",), _ALONE + r"SG\.[\w-]{16,64}\.[\w-]{16,}+"),
    "digitalocean_token": (("_v1_",), r"do[opr]_v1_[0-9a-f]{64}"),
    "hashicorp_vault_token": (("hvs.", "hvb."), _ALONE + r"hv[sb]\.[\w-]{24,}+"),
    "telegram_bot_token": ((":AA",), r"(?<!\d)\d{8,10}:AA[\w-]{33}"),
    "docker_token": (("dckr_pat_",), r"dckr_pat_[\w-]{20,}+"),
    "grafana_token": (("glsa_", "glc_"), _ALONE + r"gl(?:sa|c)_[\w+/=]{24,}+"),
    "shopify_token": (("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}+"),
    "linear_key": (("lin_api_",), r"lin_api_[A-Za-z0-9]{30,}+"),
    "postman_key": (("PMAK-",), r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    "databricks_token": (("dapi",), _ALONE + r"dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])"),
    "groq_key": (("gsk_",), _ALONE + r"gsk_[A-Za-z0-9]{40,}+"),
    "terraform_token": ((".atlasv1.",), _ALONE + r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+"),
    "mailgun_key": (("key-",), _ALONE + r"key-[0-9a-f]{32}(?![A-Za-z0-9])"),
    "atlassian_token": (("ATATT3x",), r"ATATT3x[\w=-]{40,}+"),
    "age_key": (("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-[A-Z0-9-]{40,}+"),
    "palyra_recovery_key": (("PALYRA-RECOVERY-",), r"PALYRA-RECOVERY-[A-Z2-7-]{40,}+"),
    "jwt": (("eyJ",), _ALONE + r"eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*+"),
    "private_key": (  # to the end of the text where the last line is missing
        ("PRIVATE KEY",),
        rf"(?s)-----BEGIN [A-Z0-9 ]{{0,40}}{_PEM}.*?(?:-----END [A-Z0-9 ]{{0,40}}{_PEM}|\Z)",
    ),
    "bearer_token": (
        ("earer", "EARER"),
        r"(?i)\bbearer\s{1,8}(?=[\w.~+/=-]*\d|[\w.~+/=-]{20})([\w.~+/=-]{8,}+)",
    ),
    "url_userinfo": (
        ("://",),
        r"(?<=://)(?:[^\s/?#@:\"'<>]*+:(?!\*{3}|\$?\{|\$[A-Z])[^\s/?#\"'<>]+|[^\s/?#@:\"'<>]{16,}+)(?=@)",
    ),
}
"""Id of a pattern → what it cannot be without (any of these), and its expression; group 1, if any, is the secret."""


def find_tokens(text: str) -> Iterator[Match]:
    """The secrets in *text*, from left to right; what lies inside another is left out. Overlaps are possible."""
    found = [Match(*span, pattern_id) for pattern_id in PATTERNS for span in _spans(pattern_id, text)]
    found += [Match(*span, NAMED) for span in find_named(text)]
    reached = -1
    for match in sorted(found, key=lambda match: (match.start, -match.end)):  # the first in the table wins
        if match.end > reached:
            reached = match.end
            yield match


def _spans(pattern_id: str, text: str) -> Iterator[tuple[int, int]]:
    if any(hint in text for hint in PATTERNS[pattern_id][0]):
        pattern = _compiled(pattern_id)
        for match in pattern.finditer(text):
            yield match.span(pattern.groups)


@cache
def _compiled(pattern_id: str) -> re.Pattern[str]:
    return re.compile(PATTERNS[pattern_id][1], re.ASCII)
