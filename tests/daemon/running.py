"""A daemon of one test: its doors, in a loop and a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from msgspec.structs import replace

from palyra_kernel.daemon.gates import DeviceGate, OpenGate, UserGate
from palyra_kernel.daemon.limits import LOCAL, STRANGERS, WORK
from palyra_kernel.daemon.listener import Door, Listener
from palyra_kernel.daemon.open_connections import OpenConnections
from palyra_kernel.daemon.sockets import tcp_sockets, unix_socket
from palyra_kernel.daemon.tls import Contexts
from palyra_kernel.daemon.watch import Watcher
from tests.daemon.app import app
from tests.daemon.gateway import HOSTS
from tests.daemon.until import until


def ended(loop):
    """Close it as asyncio.run does: a task that is left holds a thread of anyio, and that the end of the tests."""
    loop.run_until_complete(_all_over())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _all_over():
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class Running:
    """``work`` for devices, ``enrolment`` for strangers."""

    def __init__(self, identity, *, watched=None, application=app, strangers=None, **limits) -> None:
        self.identity = identity
        self.contexts = Contexts(identity.authority, identity.servers, "work", HOSTS, devices=True)
        self.own = Contexts(identity.authority, identity.servers, "enrolment", HOSTS, devices=False)
        self.devices = OpenConnections(limits.pop("per_device", WORK.per_device))
        self.work_door = Door(
            name="work",
            app=application,
            gate=DeviceGate(identity.admission.arrived, identity.admission.known),
            limits=replace(WORK, **limits),
            tls=lambda: self.contexts.current,
            devices=self.devices,
        )
        self.enrolment_door = Door(
            name="enrolment",
            app=strangers or application,
            gate=OpenGate(tls=True),
            limits=replace(STRANGERS, **limits),
            tls=lambda: self.own.current,
        )
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.watched = watched or identity

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def _start(self):
        self.work = Listener(self.work_door, tcp_sockets("127.0.0.1", 0))
        self.enrolment = Listener(self.enrolment_door, tcp_sockets("127.0.0.1", 0))
        self.work.start()
        self.enrolment.start()

    def start(self):
        self.thread.start()
        self.call(self._start())
        self.watcher = Watcher(self.watched, [self.contexts, self.own], self.devices, self.loop)
        self.watcher.start()
        return self

    def stop(self, grace=2.0):
        self.watcher.stop()
        self.call(self._stop(grace))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        ended(self.loop)

    async def _stop(self, grace):
        await asyncio.gather(self.work.stop(grace), self.enrolment.stop(grace))

    @staticmethod
    def port(listener) -> int:
        return int(listener.addresses[0].rpartition(":")[2])

    @property
    def work_port(self) -> int:
        return self.port(self.work)

    @property
    def enrolment_port(self) -> int:
        return self.port(self.enrolment)


@contextmanager
def running(identity, **options):
    """Let devices in before anything else happens."""
    daemon = Running(identity, **options).start()
    try:
        until(lambda: daemon.devices.accepting or options.get("watched"))
        yield daemon
    finally:
        daemon.stop()


@contextmanager
def local(path, *uids, application=app, **limits):
    """A unix socket alone."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin():
        door = Door(name="local", app=application, gate=UserGate(*uids), limits=replace(LOCAL, **limits))
        listener = Listener(door, [unix_socket(path)])
        listener.start()
        return listener

    listener = asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    try:
        yield listener
    finally:
        asyncio.run_coroutine_threadsafe(listener.stop(1), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        ended(loop)
