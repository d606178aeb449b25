"""`maskarad sandbox`: hands over to the sandbox's own entry; the product and its sandbox share no code."""

import os
import sys

import typer


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(
        name,
        short_help=summary,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(sandbox)


def sandbox(context: typer.Context) -> None:
    os.execv(sys.executable, [sys.executable, "-m", "maskarad.sandbox", *context.args])
