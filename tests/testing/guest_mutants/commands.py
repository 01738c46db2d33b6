"""Broken commands."""

from pathlib import Path

import click

from tests.testing.guest_mutants import Healthy
from tests.testing.toy_guests import ToyCommand


class IsAFunction(Healthy):
    breaks = "test_it_is_a_command_of_click"

    class Command(ToyCommand):
        def build(self):
            made = super().build()

            class Looks:
                """Like one, where one looks."""

                def __getattr__(self, name):
                    return getattr(made, name)

            return Looks()


class ReadsAFile(Healthy):
    breaks = "test_building_does_nothing"

    class Command(ToyCommand):
        def build(self):
            Path(__file__).read_bytes()
            return super().build()


class OpensForHelp(Healthy):
    breaks = "test_its_help_opens_no_vault"

    class Command(ToyCommand):
        def build(self):
            made = super().build()

            def opened(context, _formatter):
                context.obj.session()

            made.format_epilog = opened
            return made


class SaysNothing(Healthy):
    breaks = "test_its_help_says_what_it_is_for"

    class Command(ToyCommand):
        def build(self):
            @click.command()
            def command():
                pass

            return command
