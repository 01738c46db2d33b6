"""Profiles to choose among, and one who asks for them."""

from __future__ import annotations

from types import MappingProxyType

from palyra_kernel.auth.choices import Choices
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.auth.profile import ApiKey, OAuthLogin, Profile
from palyra_kernel.auth.selection import Look, Selection
from palyra_kernel.auth.selector import Selector
from palyra_kernel.auth.standing import Standing
from palyra_kernel.contracts.oauth import OAuthMetadata

OPENAI = Provider("openai")
NOW = 1_900_000_000_000
READY = Standing()
COOLING = Standing(cooling_until_ms=NOW + 60_000, reasons=("rate_limit",), failures=1)
EXPIRED = Standing(token="expired")
STALE = Standing(token="expired", refreshable=True)


def profile(id, scope="global", provider="openai", *, weight=1, oauth=False):
    credential = OAuthLogin(metadata=OAuthMetadata()) if oauth else ApiKey()
    return Profile(
        id=id,
        provider=Provider.parse(provider),
        name=id,
        scope=ProfileScope.parse(scope),
        credential=credential,
        weight=weight,
    )


class Profiles:
    """What the registry would give."""

    def __init__(self, *profiles):
        self.profiles = tuple(sorted(profiles, key=lambda each: each.id))
        self.by_id = MappingProxyType({each.id: each for each in self.profiles})


def choices(orders=None, defaults=None):
    """Orders and defaults of OpenAI by the text form of their scope."""
    parse = ProfileScope.parse
    return Choices(
        orders={(parse(scope), OPENAI): tuple(ids) for scope, ids in (orders or {}).items()},
        defaults={(parse(scope), OPENAI): default for scope, default in (defaults or {}).items()},
    )


class Caller:
    """Asks for profiles; ``standings`` says how those stand that are not ready."""

    def __init__(self, *profiles, chosen=None, **standings):
        self.known = Profiles(*profiles)
        self.choices = chosen or Choices()
        self.standings = standings
        self.denied = set()
        self.asked = []
        self.claims = []
        self.claimable = True
        self.looks = 0
        self.now_ms = NOW
        self.selection = Selection()

    def stand(self, each):
        self.looks += 1
        return self.standings.get(each.id, READY)

    def _allowed(self, each):
        self.asked.append(each.id)
        return each.id not in self.denied

    def _claim(self, each, _standing):
        self.claims.append(each.id)
        return self.claimable

    @property
    def look(self):
        return Look(
            known=self.known,
            choices=self.choices,
            now_ms=self.now_ms,
            standing=self.stand,
            allowed=self._allowed,
            claim=self._claim,
        )

    def picked(self, selector="openai", **more):
        return self.selection.pick(Selector.parse(selector, **more), self.look)

    def pick(self, selector="openai", **more):
        """The id that was chosen, or None."""
        found = self.picked(selector, **more)
        return None if found is None else found.profile.id

    def picks(self, count, **more):
        return [self.pick(**more) for _ in range(count)]

    def explain(self, selector="openai", **more):
        return self.selection.explain(Selector.parse(selector, **more), self.look)

    def reasons(self, selector="openai", **more):
        """The reason code by id."""
        return {each.profile_id: each.reason_code for each in self.explain(selector, **more).candidates}

    def layers(self, selector="openai", **more):
        return {each.layer: each.reason_code for each in self.explain(selector, **more).layers}
