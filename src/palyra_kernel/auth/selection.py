"""Choosing the profile that a call uses: call, session, agent, workspace, global, in this order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

import msgspec

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.explaining import Candidate, Explanation, LayerOutcome, Verdict, explained
from palyra_kernel.auth.names import Provider
from palyra_kernel.auth.pool import Pool, Taken
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.stages import Board, Known, Layer, Plan
from palyra_kernel.auth.standing import Standing

__all__ = ["Candidate", "Explanation", "Known", "Layer", "LayerOutcome", "Look", "Picked", "Selection"]

MOST_PINS = 4096


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing asks its caller. None of them may choose itself.

    ``known`` and ``choices``: the same objects as long as nothing changed. ``standing``: how a profile stands now; it
    is asked while others wait, so it writes nothing and waits for nobody. ``allowed``: whether policy lets it be
    used, asked for the best candidates only. ``claim``: whether the caller is the one who may try a half-open profile.
    """

    known: Known
    choices: Choices
    now_ms: int
    standing: Callable[[Profile], Standing]
    allowed: Callable[[Profile], bool] = lambda _: True
    claim: Callable[[Profile, Standing], bool] = lambda _profile, _standing: True


class Picked(msgspec.Struct, frozen=True):
    """The profile that was chosen and how it stood, by which layer, and whether this call finds out for all others
    whether it works again."""

    profile: Profile
    standing: Standing
    layer: Layer
    probe: bool = False


_Pin = tuple[str, Provider | None, str, str]


class Selection:
    """Chooses for one open vault. Whose turn it is, and what the last 4,096 sessions use, is kept in memory. Any
    thread may call it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._board: Board | None = None
        self._pins: OrderedDict[_Pin, str] = OrderedDict()

    def pick(self, selector: Selector, look: Look) -> Picked | None:
        """Choose, and let the profile's next turn come later. None if nothing can be used: :meth:`explain` says why."""
        board = self._board_of(look)
        plan = board.plan(selector)
        choice = _Choice(plan, look)
        picked = choice.made(self._pinned(selector, plan))
        if picked is None:
            return None
        if not choice.in_turn:
            board.touch(picked.profile)
        if selector.session and picked.layer not in ("call", "session"):
            self.pin(selector, picked.profile.id)
        return picked

    def explain(self, selector: Selector, look: Look) -> Explanation:
        """What :meth:`pick` would do now. Nobody's turn changes, nothing is claimed; every candidate is asked about."""
        plan = self._board_of(look).plan(selector)
        verdict = Verdict(plan, look.standing, look.allowed, look.now_ms)
        seen = plan.board.found([selector.profile]) if selector.profile else look.known.profiles
        return explained(plan, self._pinned(selector, plan), verdict, seen)

    def pin(self, selector: Selector, id: str) -> None:
        """Let calls like *selector*, of its session, use the profile *id* while it can be used."""
        key = _pin(selector)
        with self._lock:
            self._pins[key] = id
            self._pins.move_to_end(key)
            if len(self._pins) > MOST_PINS:
                self._pins.popitem(last=False)

    def unpin(self, session: str) -> None:
        """Forget what *session* uses."""
        self._forget(lambda key, _: key[0] == session)

    def forget(self, id: str) -> None:
        """No session uses the profile *id* any more, which is gone."""
        self._forget(lambda _, pinned: pinned == id)

    def _forget(self, concerns: Callable[[_Pin, str], bool]) -> None:
        with self._lock:
            for key in [key for key, pinned in self._pins.items() if concerns(key, pinned)]:
                del self._pins[key]

    def _pinned(self, selector: Selector, plan: Plan) -> Profile | None:
        if not selector.session:
            return None
        key = _pin(selector)
        with self._lock:
            found = self._pins.get(key, "")
            if found:
                self._pins.move_to_end(key)
        return plan.pinned(found)

    def _board_of(self, look: Look) -> Board:
        board = self._board  # one read: another thread may replace it meanwhile
        if board is None or board.known is not look.known or board.choices is not look.choices:
            with self._lock:
                board = self._board = Board(look.known, look.choices, self._board)
        return board


def _pin(selector: Selector) -> _Pin:
    return selector.session, selector.provider, selector.agent, selector.workspace


class _Choice:
    """One choice as it is made."""

    __slots__ = ("_answers", "_look", "_plan", "in_turn")

    def __init__(self, plan: Plan, look: Look) -> None:
        self._plan, self._look = plan, look
        self._answers: dict[str, bool] = {}
        self.in_turn = False
        """Whether it was the turn of the profile that was chosen."""

    def made(self, pinned: Profile | None) -> Picked | None:
        """The first that can be used."""
        if pinned is not None and (picked := self._listed("session", (pinned,))):
            return picked
        plan, look = self._plan, self._look
        for stage in plan.stages:
            if stage.listed and (picked := self._listed(stage.layer, stage.listed)):
                return picked
            pool = plan.pool(stage, look.standing, look.now_ms)
            if pool is not None and (taken := self._taken(pool)):
                self.in_turn = True
                return Picked(taken.profile, taken.standing, stage.layer, taken.standing.half_open)
        return None

    def _listed(self, layer: Layer, profiles: Iterable[Profile]) -> Picked | None:
        for profile in profiles:
            standing = self._look.standing(profile)
            if self._usable(profile, standing):
                return Picked(profile, standing, layer, standing.half_open)
        return None

    def _taken(self, pool: Pool) -> Taken | None:
        refused: set[str] = set()
        unused: list[Taken] = []
        try:
            while taken := pool.take(self._look.standing, self._look.now_ms, refused):
                unused.append(taken)
                if self._usable(taken.profile, taken.standing):
                    return unused.pop()
                refused.add(taken.profile.id)
                pool.give_back(taken, final=False)
            return None
        finally:
            for taken in reversed(unused):
                pool.give_back(taken, final=True)

    def _usable(self, profile: Profile, standing: Standing) -> bool:
        look, plan = self._look, self._plan
        if (
            standing.eligibility(look.now_ms) != "eligible"
            or not plan.visible(profile)
            or plan.unfit(profile)
        ):
            return False
        answer = self._answers.get(profile.id)
        if answer is None:
            answer = look.allowed(profile) and (not standing.half_open or look.claim(profile, standing))
            self._answers[profile.id] = answer
        return answer
