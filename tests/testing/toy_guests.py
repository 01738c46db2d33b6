"""An app, a listener and a command for tests; each works."""

import asyncio
import socket

import click

from palyra_kernel.contracts.apps import AsgiApp
from palyra_kernel.contracts.commands import Command
from palyra_kernel.contracts.listeners import Listener
from palyra_kernel.errors import InvalidInputError


class ToyApp(AsgiApp):
    name = "toy"
    door = "work"

    async def __call__(self, scope, receive, send):
        body = (await receive())["body"]
        known = scope["path"] == f"{scope['root_path']}/echo"
        await send({"type": "http.response.start", "status": 200 if known else 404, "headers": []})
        await self.answer(scope, body, send)

    async def answer(self, scope, body, send):
        await asyncio.to_thread(self.act)
        await send({"type": "http.response.body", "body": body})

    def act(self):
        with self.place.session("toy"):
            pass


class ToyListener(Listener):
    name = "toy"

    def __init__(self, port):
        self.port = port

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"port"}:
            raise InvalidInputError("invalid_config", "the setting of [listeners.toy] is port")
        return cls(place.settings["port"])

    def serve(self, sessions, stop):
        with socket.create_server(("127.0.0.1", self.port)):
            stop.wait()


class ToyCommand(Command):
    name = "toy"

    def build(self):
        @click.command()
        @click.pass_obj
        def command(place):
            """Do what toys do."""
            with place.session():
                click.echo("done")

        return command


class Toys:
    """One of each."""

    App = ToyApp
    Listener = ToyListener
    Command = ToyCommand
