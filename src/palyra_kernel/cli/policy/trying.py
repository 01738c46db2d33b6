"""``palyra policy test`` and ``diff``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.policy.chosen import bundle_option, chosen

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.policy.diff import Changed
    from palyra_kernel.policy.explain import Asked

_MAX_CASES_BYTES = 1024 * 1024

_TEST = """\b
Examples:
  palyra policy test cases.toml
  palyra policy test cases.toml --bundle ./policies
"""
_DIFF = """\b
Examples:
  palyra policy diff active ./policies
  palyra policy diff --limit 5 default ./policies
  palyra policy diff --log 1000 active ./policies
"""


@click.command("test", epilog=_TEST)
@click.argument("cases")
@bundle_option
@json_option
@click.pass_obj
def test(cli: Cli, cases: str, bundle: str) -> int:
    """Ask the requests of the TOML file CASES and compare the answers.

    A wrong answer is exit code 9. Rules that decided no case are named too.
    """
    from palyra_kernel.cli.files import read_source
    from palyra_kernel.cli.output import EXIT_FINDINGS, json_out
    from palyra_kernel.policy.cases import read_cases, run_cases
    from palyra_kernel.policy.engine import PolicyEngine
    from palyra_kernel.policy.explain import answer_of

    text = read_source(cases, _MAX_CASES_BYTES, what="a table of cases").decode("utf-8", "replace")
    report = run_cases(PolicyEngine(chosen(cli, bundle)), read_cases(text, Path(cases).name))
    failed = [
        {
            "name": case.name,
            "expected": _said(case.answer, case.code),
            "got": _said(answer_of(got), got.code),
            "rules": got.rules,
        }
        for case, got in report.failed
    ]
    if cli.as_json:
        json_out({"ok": not failed, "cases": report.cases, "failed": failed, "idle_rules": report.idle})
    else:
        for each in failed:
            click.echo(f"{each['name']}: expected {each['expected']}, got {each['got']}")
        if report.idle:
            click.echo(f"decided nothing: {', '.join(report.idle)}")
        click.echo(f"{report.cases - len(failed)} of {report.cases} as expected")
    return EXIT_FINDINGS if failed else 0


@click.command("diff", epilog=_DIFF)
@click.argument("old")
@click.argument("new")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Stop after so many.")
@click.option(
    "--log", "count", type=click.IntRange(1), metavar="N", help="The last N of the audit log instead."
)
@json_option
@click.pass_obj
def diff(cli: Cli, old: str, new: str, limit: int, count: int | None) -> None:
    """Show requests that the bundles OLD and NEW answer differently.

    They are generated from the schema and from the names in both bundles: every action that is touched, by every
    kind of principal, with each role and each capability. None found is no proof that there is none. With --log they
    are requests that were made, by those who made them with what they are granted now; labels are not kept there.
    """
    from palyra_kernel.cli.output import json_out, table
    from palyra_kernel.policy import diff as comparing

    asked = None if count is None else _recorded(cli, count)
    found = list(islice(comparing.diff(chosen(cli, old), chosen(cli, new), asked), limit + 1))
    shown = [_view(each) for each in found[:limit]]
    more = len(found) > limit
    if cli.as_json:
        return json_out({"changed": shown, "more": more})
    if shown:
        table(tuple(shown[0]), [tuple(each.values()) for each in shown])
    click.echo(f"{'more than ' if more else ''}{len(shown)} requests get another answer")
    return None


def _recorded(cli: Cli, count: int) -> list[Asked]:
    """The requests of the last *count* events, each once; one whose names were cut or masked tells nothing."""
    from palyra_kernel.audit.event import request_of
    from palyra_kernel.errors import InvalidInputError
    from palyra_kernel.policy.diff import recorded

    with cli.kernel() as kernel, cli.acting(kernel, "audit.read"), cli.session(kernel) as session:
        known = {member.principal: member.subject() for member in session.principals.list()}
        told = [each.opened.event for each in kernel.audit.tail(count)]
    requests = {}
    for event in told:
        try:
            request = request_of(event)
        except InvalidInputError:
            continue
        requests[msgspec.structs.replace(request, at_ms=0, session="log", arguments="")] = request
    return list(recorded(requests.values(), known.get))


def _view(changed: Changed) -> dict[str, Any]:
    from palyra_kernel.policy.explain import answer_of

    request, subject, _ = changed.asked
    granted = (*subject.roles, *subject.groups, *subject.capabilities)
    facts = {"tool": request.tool, "skill": request.skill, "workspace": request.workspace}
    notes = [f"{name} {value}" for name, value in facts.items() if value]
    notes += [f"needs {name}" for name in request.capabilities] + list(request.labels)
    notes += ["approved"] if changed.approved else []
    return {
        "who": f"{request.principal} ({', '.join(granted)})" if granted else str(request.principal),
        "action": request.action,
        "resource": str(request.resource),
        "moment": ", ".join(notes),
        "old": _said(answer_of(changed.old), changed.old.code),
        "new": _said(answer_of(changed.new), changed.new.code),
    }


def _said(answer: str, code: str | None) -> str:
    return answer if code is None or answer == "allow" else f"{answer} {code}"
