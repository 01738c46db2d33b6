"""An example of each token of well-known shape."""

from __future__ import annotations

LONG = "a1B2c3D4e5F6g7H8" * 4

# In pieces: whoever scans this repository for tokens should find none.
TOKENS = {
    "anthropic_key": ["sk-" + "ant-api03-" + LONG],
    "openai_key": ["sk-" + LONG, "sk-" + "proj-" + LONG],
    "stripe_key": ["sk_" + "live_" + LONG, "rk_" + "test_" + LONG],
    "stripe_webhook_secret": ["whsec_" + LONG],
    "github_token": [f"gh{kind}_" + LONG[:36] for kind in "pousr"],
    "github_fine_grained_token": ["github_" + "pat_" + LONG],
    "gitlab_token": ["glpat-" + LONG[:20]],
    "aws_key_pair": ["AKIA" + "ABCDEFGHIJKLMNOP" + '", "' + LONG[:40]],
    "aws_access_key_id": ["AKIA" + "ABCDEFGHIJKLMNOP", "ASIA" + "ABCDEFGHIJKLMNOP"],
    "slack_token": ["xoxb-" + "123456789012-" + LONG[:24], "xapp-" + "1-" + LONG[:24]],
    "slack_webhook": ["hooks.slack.com/" + "services/T00000000/B00000000/" + LONG[:24]],
    "google_api_key": ["AIza" + LONG[:35]],
    "google_oauth_token": ["ya29." + LONG, "GOCSPX-" + LONG[:28]],
    "npm_token": ["npm_" + LONG[:36]],
    "pypi_token": ["pypi-" + "AgEIcHlwaS5vcmc" + LONG],
    "huggingface_token": ["hf_" + LONG[:34]],
    "sendgrid_key": ["SG." + LONG[:22] + "." + LONG[:43]],
    "digitalocean_token": ["dop_" + "v1_" + "0123456789abcdef" * 4],
    "hashicorp_vault_token": ["hvs." + LONG],
    "telegram_bot_token": ["123456789:" + "AA" + LONG[:33]],
    "age_key": ["AGE-SECRET-" + "KEY-1" + "QPZRY9X8" * 7],
    "palyra_recovery_key": ["PALYRA-RECOVERY-" + "-".join(["ABC23"] * 12)],
    "jwt": ["eyJ" + LONG[:20] + ".eyJ" + LONG + "." + LONG, "eyJ" + LONG[:20] + ".eyJ" + LONG + "."],
    "private_key": [
        f"-----BEGIN {kind}PRIVATE KEY-----\n{LONG}\n{LONG}\n-----END {kind}PRIVATE KEY-----"
        for kind in ("", "RSA ", "OPENSSH ", "ENCRYPTED ")
    ],
    "bearer_token": [LONG[:12]],
    "url_userinfo": ["user:p%40ss", "user:p@ss", ":password", LONG],
    "docker_token": ["dckr_" + "pat_" + LONG[:27]],
    "grafana_token": ["glsa_" + LONG[:32] + "_0a1b2c3d", "glc_" + LONG],
    "shopify_token": ["shpat_" + "0123456789abcdef" * 2],
    "linear_key": ["lin_" + "api_" + LONG[:40]],
    "postman_key": ["PMAK-" + "0123456789abcdef01234567" + "-" + "0123456789abcdef" * 2 + "ab"],
    "databricks_token": ["dapi" + "0123456789abcdef" * 2],
    "groq_key": ["gsk_" + LONG[:52]],
    "terraform_token": [LONG[:14] + ".atlasv1." + LONG],
    "mailgun_key": ["key-" + "0123456789abcdef" * 2],
    "atlassian_token": ["ATATT3x" + LONG],
}  # fmt: skip
