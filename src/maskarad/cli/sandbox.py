"""`maskarad sandbox`: hands over to the sandbox's own entry; the product and its sandbox share no code."""

import os
import sys

import typer


def register(parent: typer.Typer, name: str, help_text: str) -> None:
    parent.command(
        name,
        help=help_text,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(sandbox)


def sandbox(context: typer.Context) -> None:
    os.execv(sys.executable, [sys.executable, "-m", "maskarad.sandbox", *context.args])
