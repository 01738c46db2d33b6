"""The work door: a device hears of itself, renews, and is told when there is something to fetch."""

import asyncio
import base64
import json

import pytest

from palyra_kernel.daemon.apps.enrolment import PAIRING, REENTRY
from palyra_kernel.daemon.apps.stream import PER_DEVICE
from palyra_kernel.daemon.peers import EXTENSION
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.records import Change
from tests.serve.asgi import ask
from tests.serve.world import local, stranger

DAY = 86_400_000


@pytest.fixture
def paired(world):
    """A device, and the peer that it is on the work listener."""
    device, certificate = world.paired()
    return device, world.peer(certificate)


@pytest.fixture(scope="module")
def known(shared):
    """The same in the world that all tests share."""
    return shared.peer(shared.paired()[1])


def test_a_device_hears_of_itself(world, paired):
    device, peer = paired
    answer = ask(world.work, "GET", "/v1/self", peer=peer)
    assert answer.json == {
        "device": device.self.device,
        "kind": "node",
        "renewal_wanted": False,
        "bundle": world.identity.authority.state().bundle,
        "certificate_expires_ms": peer.standing.not_after_ms,
    }


def test_the_bundle_is_the_signed_one_byte_for_byte(world, paired):
    answer = ask(world.work, "GET", "/v1/bundle", peer=paired[1])
    assert answer.body == world.identity.authority.bundle().encoded()


def test_a_device_renews_with_a_key_of_its_own(world, paired):
    """Hazard H17: rotation ended the certificate in use, and the new key was thrown away."""
    device, peer = paired
    world.now += DAY // 2
    answer = ask(world.work, "POST", "/v1/certificate", body=request_for(new_key()), peer=peer)
    fresh = world.peer(base64.b64decode(answer.json["certificates"][0]))
    assert fresh.standing.device == device.self.device
    assert ask(world.work, "GET", "/v1/self", peer=fresh).status == 200


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"x", 400), (b"x" * 5000, 413)], ids=["empty", "none", "long"]
)
def test_what_is_no_request_is_refused_with_a_code_alone(world, paired, body, status):
    world.now += DAY // 2
    answer = ask(world.work, "POST", "/v1/certificate", body=body, peer=paired[1])
    assert answer.status == status
    assert set(answer.json["error"]) == {"kind", "code"}


def test_who_renews_all_the_time_is_told_to_wait(world, paired):
    answer = ask(world.work, "POST", "/v1/certificate", body=request_for(new_key()), peer=paired[1])
    assert (answer.status, answer.json["error"]["code"]) == (503, "rate_limited")


@pytest.mark.parametrize("path", [*PAIRING, *REENTRY, "/v1/status", "/v1/reload", "/metrics", "/healthz"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_door_is_behind_this_one(shared, known, method, path):
    """Hazard H1: pairing and work on one listener, so that one of them had to go without authentication."""
    answer = ask(shared.work, method, path, peer=known)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("peer", [None, stranger(), local()], ids=["nobody", "stranger", "user"])
def test_nobody_but_devices_is_answered(shared, peer):
    """Hazard H43: the app trusted its server to have verified somebody, and headers to say whom."""
    headers = {"x-client-cert": "MIIB", "x-ssl-client-verify": "SUCCESS", "ssl-client-cert": "MIIB"}
    for path in ("/v1/self", "/v1/bundle", "/v1/events", "/v1/nothing"):
        answer = ask(shared.work, "GET", path, peer=peer, headers=headers)
        assert answer.status == 403


def test_a_defect_is_shown_by_its_type_alone(world, paired, monkeypatch, caplog):
    def broken(_id):
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(world.identity.devices, "find", broken)
    answer = ask(world.work, "GET", "/v1/self", peer=paired[1])
    assert (answer.status, answer.body) == (500, b"")
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


def test_an_error_of_ours_says_no_more_than_its_code(world, paired, monkeypatch):
    def broken():
        raise PalyraError("disk_full", "the disk under /srv/secret-place is full")

    monkeypatch.setattr(world.identity.authority, "bundle", broken)
    answer = ask(world.work, "GET", "/v1/bundle", peer=paired[1])
    assert (answer.status, answer.json) == (500, {"error": {"kind": "internal", "code": "disk_full"}})


class Listening:
    """A stream that is read line by line while the test goes on."""

    def __init__(self, world, peer):
        self.world, self.peer = world, peer
        self.lines: list[dict[str, object]] = []

    async def next(self, kind):
        """The next line of *kind*; what else came stays in ``lines``."""
        seen = 0
        async with asyncio.timeout(10):
            while True:
                for line in self.lines[seen:]:
                    seen += 1
                    if line["type"] == kind:
                        self.lines = self.lines[seen:]
                        return line
                await asyncio.sleep(0.005)

    async def run(self):
        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            for line in message.get("body", b"").splitlines():
                self.lines.append(json.loads(line))

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/events",
            "query_string": b"",
            "headers": [],
            "extensions": {EXTENSION: self.peer},
            "asgi": {"spec_version": "2.4"},
        }
        await self.world.work(scope, receive, send)


def test_a_stream_says_what_there_is_to_fetch(world, paired):
    """Hazard H31: news rode on heartbeats. Here they are told as they come, and said again to who comes late."""
    device, peer = paired

    async def scene():
        first = Listening(world, peer)
        task = asyncio.create_task(first.run())
        hello = await first.next("hello")
        assert hello["device"] == device.self.device
        number = (await first.next("bundle"))["number"]
        assert number == world.identity.authority.state().bundle
        await first.next("ping")
        change = Change()
        world.identity.devices.plan_ask_renewal(change, device.self.device)
        world.parts.records.commit(change)
        await world.streams.look()
        await first.next("renew")
        late = Listening(world, peer)
        other = asyncio.create_task(late.run())
        await late.next("renew")
        world.identity.authority.rotate()
        await world.streams.look()
        assert (await first.next("bundle"))["number"] > number
        assert len(world.streams) == 2
        world.streams.end()
        await asyncio.wait_for(asyncio.gather(task, other), 10)
        assert len(world.streams) == 0

    asyncio.run(scene())


def test_a_device_has_a_few_streams_at_most(world, paired):
    """Hazard H39: one peer took what was there for all."""

    async def scene():
        readers = [Listening(world, paired[1]) for _ in range(PER_DEVICE + 2)]
        tasks = []
        for reader in readers:
            tasks.append(asyncio.create_task(reader.run()))
            await reader.next("hello")
        await asyncio.wait_for(asyncio.gather(*tasks[:2]), 10)
        assert len(world.streams) == PER_DEVICE
        world.streams.end()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)

    asyncio.run(scene())


def test_a_stream_whose_reader_went_is_forgotten(world, paired):
    async def scene():
        reader = Listening(world, paired[1])
        task = asyncio.create_task(reader.run())
        await reader.next("hello")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(world.streams) == 0

    asyncio.run(scene())
