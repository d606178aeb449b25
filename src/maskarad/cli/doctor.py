"""`maskarad doctor`: one line for each thing that can be wrong, and what to do about it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import typer

from maskarad.cli.common import AsJson, print_json, print_rows
from maskarad.cli.place import load_here, wants_sandbox
from maskarad.configuration import settings_list
from maskarad.errors import SettingsError
from maskarad.ops.doctor import examine
from maskarad.ops.finding import Finding
from maskarad.settings import Settings, fields_given, load
from maskarad.unknown_settings import unknown_settings


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.command(name, short_help=summary)(doctor)


def doctor(
    settings: Annotated[
        bool, typer.Option("--settings", help="List all settings instead: meaning, default, whether set.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at settings, folders, disk, key, database, backups, cache, processes, Telegram and model: a line each, and
    what to do.

    Exit code 1 when anything is wrong. The model is asked a question of a few tokens.
    """
    if settings:
        _list_settings(as_json=as_json)
        return
    findings = asyncio.run(_examine(as_json=as_json))
    if as_json:
        print_json(msgspec.to_builtins(findings))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


async def _examine(*, as_json: bool) -> list[Finding]:
    findings = []
    async for finding in _findings():
        findings.append(finding)
        if not as_json:
            typer.echo(_line(finding))
    return findings


async def _findings() -> AsyncIterator[Finding]:
    """With wrong settings there is nothing else to look at."""
    try:
        settings = load_here()
    except SettingsError as error:
        todo = "correct it in the environment or in .env; `maskarad doctor --settings` lists what there is"
        yield Finding(subject="settings", ok=False, state=str(error), todo=todo)
        return
    if unknown := unknown_settings():
        todo = "correct or remove it in the environment or in .env"
        yield Finding(subject="settings", ok=None, state=f"valid, but {'; '.join(unknown)}", todo=todo)
    else:
        yield Finding(subject="settings", ok=True, state="valid")
    async for finding in examine(settings, in_sandbox=wants_sandbox(load())):
        yield finding


def _line(finding: Finding) -> str:
    verdict = {True: "ok   ", False: "WRONG", None: "?    "}[finding.ok]
    todo = f" -> {finding.todo}" if finding.todo else ""
    return f"{verdict}  {finding.subject:<9}  {finding.state}{todo}"


def _list_settings(*, as_json: bool) -> None:
    """Works with wrong settings too; values are not shown, because some are secrets."""
    given = fields_given()
    rows = [
        {"variable": each.variable, "set": field in given, "default": each.default, "meaning": each.meaning}
        for field, each in zip(Settings.model_fields, settings_list(), strict=True)
    ]
    print_rows(rows, as_json=as_json, empty="")
