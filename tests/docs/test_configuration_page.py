"""``docs/configuration.md`` against the settings."""

from __future__ import annotations

import msgspec
import pytest

from palyra_kernel.config import (
    ApprovalsConfig,
    AuthConfig,
    BucketConfig,
    Config,
    GatewayConfig,
    IdentityConfig,
    RemoteConfig,
    ResolverConfig,
    VaultConfig,
    read_config,
)
from palyra_kernel.kernel import sessions
from tests.docs.pages import blocks, page, section, table_rows

PAGE = page("configuration.md")
TABLES: dict[str, type[msgspec.Struct]] = {
    "vault": VaultConfig,
    "resolver": ResolverConfig,
    "approvals": ApprovalsConfig,
    "auth": AuthConfig,
    "identity": IdentityConfig,
    "gateway": GatewayConfig,
    "gateway.remote": RemoteConfig,
    "resolver.buckets.SCHEME": BucketConfig,
    "limits.ACTION": BucketConfig,
}
SETTINGS = [
    (f"{table}.{field.name}", field)
    for table, struct in TABLES.items()
    for field in msgspec.structs.fields(struct)
    if field.name not in ("buckets", "remote")  # tables, listed by themselves
]


def _rows():
    return {row[0].strip("`"): row for row in table_rows(section(PAGE, "## palyra.toml"))}


def test_every_table_is_known_here():
    listed = {name.partition(".")[0] for name in TABLES}
    assert listed | {"sources", "checks", "capabilities", "apps", "listeners"} == set(
        Config.__struct_fields__
    )  # each plugin knows its own table


def test_every_setting_is_listed_and_no_other():
    assert sorted(_rows()) == sorted(name for name, _ in SETTINGS)


@pytest.mark.parametrize(("name", "field"), SETTINGS, ids=[name for name, _ in SETTINGS])
def test_every_default_is_right(name, field):
    assert _rows()[name][1] == _shown(field.default) or field.default is None


def _shown(default):
    """A default as the page has it; what has none is said in words."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:,}"
    return ", ".join(f"`{each}`" for each in ([default] if isinstance(default, str) else default or ()))


@pytest.mark.parametrize(("name", "field"), SETTINGS, ids=[name for name, _ in SETTINGS])
def test_every_range_is_right(name, field):
    if not isinstance(field.default, int | float) or isinstance(field.default, bool):
        return
    low, high = (float(part.replace(",", "")) for part in _rows()[name][2].split(" to "))
    kind, struct = type(field.default), TABLES[name.rpartition(".")[0]]
    for inside in (low, high):
        struct(**{field.name: kind(inside)})
    below = min(0.05, low / 2) or 0.05
    for outside in (low - below if kind is float else low - 1, high + 1):
        with pytest.raises(ValueError, match=field.name):
            struct(**{field.name: kind(outside)})


def test_the_examples_are_read(tmp_path):
    settings, limits, *_ = blocks(PAGE, "toml")
    path = tmp_path / "palyra.toml"
    path.write_text(settings + limits, "utf-8")
    path.chmod(0o600)
    assert read_config(tmp_path) == Config(
        vault=VaultConfig(backend="file"), limits={"secret.read": BucketConfig(burst=20, per_minute=60)}
    )


def test_what_a_program_may_do_without_a_limit_of_its_own():
    limit = sessions._PROGRAMS
    text = " ".join(PAGE.split())
    assert f"may ask for {limit.burst:,} acts of a kind at once, and {limit.per_minute:,.0f} a minute" in text
