from pathlib import Path

import pytest

from tests.support.import_rules import broken_rules, modules, reached

SOURCE = Path(__file__).parent.parent / "src"

GATEWAY = (
    "maskarad.app",
    "maskarad.assembly.reception",
    "maskarad.cli.gateway",
    "maskarad.controls.commands",
    "maskarad.intake.accept",
    "maskarad.manager.bot",
    "maskarad.route",
    "maskarad.telegram.edge",
    "maskarad.web.app",
)
"""What a process imports that updates come into and that has no queues."""

FOR_WORKERS = (
    "maskarad.delivery",
    "maskarad.llm",
    "maskarad.memory.analyzer",
    "maskarad.memory.feelings",
    "maskarad.memory.spam",
    "maskarad.memory.subjects",
    "maskarad.turn.run",
)
"""The analyser with its lexicons, the model's client, and what needs them."""


def test_every_module_keeps_the_rules() -> None:
    read = list(modules(SOURCE))
    assert len(read) > 50
    assert [sentence for module, source in read for sentence in broken_rules(module, source)] == []


def test_a_gateway_does_not_carry_what_is_for_workers() -> None:
    found = reached(GATEWAY, dict(modules(SOURCE)))
    assert len(found) > 50
    assert {module: by for module, by in found.items() if module.startswith(FOR_WORKERS)} == {}


def test_what_is_reached_is_told_with_who_asked_for_it() -> None:
    sources = {
        "maskarad": "",
        "maskarad.app": "import asyncio\nfrom maskarad.turn.run import run\nimport_module('maskarad.memory')",
        "maskarad.turn": "",
        "maskarad.turn.run": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import maskarad.memory",
        "maskarad.memory": "",
    }
    assert reached(["maskarad.app"], sources) == {
        "maskarad.app": "",
        "maskarad": "maskarad.app",
        "maskarad.turn.run": "maskarad.app",
        "maskarad.turn": "maskarad.turn.run",
    }


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("maskarad.turn.run", "import maskarad.delivery.deliver", "turn imports delivery"),
        ("maskarad.turn.run", "from maskarad.intake import accept", "turn imports intake"),
        ("maskarad.turn.run", "from maskarad import delivery", "turn imports delivery"),
        ("maskarad.intake", "import os, maskarad.turn", "intake imports turn"),
        ("maskarad.delivery.deliver", "if True:\n    from maskarad.turn.run import run", "delivery imports turn"),
        ("maskarad.db.turns", "from maskarad.turn.run import run", "db imports a stage: turn"),
        ("maskarad.cache", "import maskarad.intake.access", "cache imports a stage"),
        ("maskarad.values", "from maskarad.delivery import pacing", "values imports a stage"),
        ("maskarad.errors", "from maskarad.turn import run", "errors imports a stage"),
        ("maskarad.settings", "from maskarad.turn import run", "settings imports a stage"),
        ("maskarad.controls.mood", "from maskarad.manager.screens import health", "controls imports manager"),
        ("maskarad.manager.bot", "from sqlalchemy import select", "sqlalchemy is for db only"),
        ("maskarad.manager.bot", "import sqlalchemy.exc as exc", "sqlalchemy is for db only"),
        ("maskarad.manager.bot", "import alembic", "alembic is for db only"),
        ("maskarad.db.tables", "from sqlalchemy.orm import DeclarativeBase", "the ORM is for nobody"),
        ("maskarad.db.tables", "import sqlalchemy.orm", "the ORM is for nobody"),
        ("maskarad.db.tables", "from sqlalchemy import orm", "the ORM is for nobody"),
        ("maskarad.db.tables", "from sqlalchemy.ext.declarative import declarative_base", "the ORM is for nobody"),
        ("maskarad.db.server", "import_module('sqlalchemy.orm.session')", "the ORM is for nobody"),
        ("maskarad.turn.run", "from openai import AsyncOpenAI", "openai is for nobody"),
        ("maskarad.app", "import telegram.ext", "telegram is for nobody"),
        ("maskarad.app", "from importlib import import_module\nimport_module('telegram')", "telegram is for nobody"),
        ("maskarad.cli.demo", "from maskarad.sandbox import demo", "do not know each other"),
        (
            "maskarad.cli.demo",
            "import importlib\nimportlib.import_module('maskarad.sandbox')",
            "do not know each other",
        ),
        ("maskarad.sandbox.demo", "from maskarad.values import Token", "do not know each other"),
        ("maskarad.sandbox.demo", "from maskarad import values", "do not know each other"),
        ("maskarad.telegram.api", "import telegram", "telegram is for nobody"),
        ("maskarad.turn.run", "from . import prompt", "imports relatively"),
        ("maskarad.turn.run", "from .prompt import compile", "imports relatively"),
        ("maskarad.app", "def start():\n    import asyncio", "inside a function"),
        (
            "maskarad.app",
            "class A:\n    async def b(self):\n        if 1:\n            from os import path",
            "inside a",
        ),
    ],
)
def test_a_broken_rule_is_named(module: str, source: str, reason: str) -> None:
    [sentence] = broken_rules(module, source)
    assert sentence.startswith(f"{module}:")
    assert reason in sentence


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("maskarad.turn.run", "from maskarad.turn import prompt\nfrom maskarad.db import turns\nimport asyncio"),
        ("maskarad.db.turns", "from sqlalchemy import select\nfrom maskarad.values import Claim"),
        ("maskarad.db.server", "from sqlalchemy.ext.asyncio import create_async_engine"),
        ("maskarad.telegram.api", "from maskarad.telegram import limits"),
        ("maskarad.app", "from maskarad.turn.run import run\nfrom maskarad.intake.accept import accept"),
        ("maskarad.sandbox.world", "from maskarad.sandbox import text\nimport aiohttp"),
        ("maskarad.telegramish", "telegram = 'import telegram'"),
    ],
)
def test_what_is_allowed_is_let_through(module: str, source: str) -> None:
    assert broken_rules(module, source) == []
