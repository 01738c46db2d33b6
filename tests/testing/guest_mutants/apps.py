"""Broken apps."""

import asyncio

from palyra_kernel.contracts.apps import AppPlace
from tests.testing.guest_mutants import Healthy
from tests.testing.toy_guests import ToyApp


class AlwaysFails(Healthy):
    breaks = "test_it_answers"

    class App(ToyApp):
        async def __call__(self, scope, receive, send):
            known = scope["method"] == "POST"
            await send({"type": "http.response.start", "status": 500 if known else 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})


class AnswersEverything(Healthy):
    breaks = "test_what_it_does_not_know_is_no_success"

    class App(ToyApp):
        async def __call__(self, scope, receive, send):
            await super().__call__({**scope, "path": f"{scope['root_path']}/echo"}, receive, send)


class KeepsTheBody(Healthy):
    breaks = "test_requests_at_once_are_apart"

    class App(ToyApp):
        async def answer(self, scope, body, send):
            self.kept = body
            await asyncio.sleep(0)
            await super().answer(scope, self.kept, send)


class ActsInTheLoop(Healthy):
    breaks = "test_no_session_begins_in_the_event_loop"

    class App(ToyApp):
        async def answer(self, scope, body, send):
            self.act()
            await send({"type": "http.response.body", "body": body})


class ActsWhenOpened(Healthy):
    breaks = "test_opening_begins_no_session"

    class App(ToyApp):
        @classmethod
        def open(cls, place):
            import threading

            made = super().open(place)
            thread = threading.Thread(target=made.act)
            thread.start()
            thread.join()
            return made


class IgnoresTheUnknown(Healthy):
    breaks = "test_an_unknown_setting_is_refused"

    class App(ToyApp):
        @classmethod
        def open(cls, place):
            return super().open(AppPlace(session=place.session))
