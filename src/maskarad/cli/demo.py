"""`maskarad demo`: hands over to the scene, which plays through the sandbox like any other client of it."""

import os
import sys

import typer


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(
        name,
        short_help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(demo)


def demo(context: typer.Context) -> None:
    os.execv(sys.executable, [sys.executable, "-m", "maskarad.sandbox.demo", *context.args])
