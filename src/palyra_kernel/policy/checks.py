"""Second opinions: every check is asked; one may object, none can grant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.policy import codes
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import ActionRequest

_REASON = re.compile(r"[a-z0-9_.-]{1,64}")


def first_objection(checks: Sequence[PolicyCheck], request: ActionRequest, seconds: float) -> str | None:
    """The code of the first objection, None if all agree. They share *seconds*.

    An exception, an answer that is no reason and an agreement that came too late are objections, with the codes of the
    guard: ``failed``, ``wrong_answer``, ``deadline``.
    """
    deadline = Deadline.after(seconds)
    for check in checks:
        reason = _asked(check, request, deadline)
        if reason is not None:
            return f"{codes.CHECK}{check.name}:{reason}"
    return None


def _asked(check: PolicyCheck, request: ActionRequest, deadline: Deadline) -> str | None:
    try:
        answer = check.objection(request, deadline)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # whatever a check throws, it did not agree
        return "failed"
    if answer is None:
        return "deadline" if deadline.expired else None
    return answer if type(answer) is str and _REASON.fullmatch(answer) else "wrong_answer"
