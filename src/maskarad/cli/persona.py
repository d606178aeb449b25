"""`maskarad persona add|list|show|edit|remove`"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import typer

from maskarad.cli.common import AsJson, Yes, checked_number, confirm, now, print_one, print_rows, with_database
from maskarad.db import Connection, personas, users
from maskarad.db.engine import Database
from maskarad.errors import BadInput
from maskarad.manager.steps import CHARACTER_STEPS, DESCRIPTION, MODEL, NAME, TextStep, Unfit, cleared, read_answer
from maskarad.settings import Settings
from maskarad.texts import load_texts
from maskarad.values import GroupReply, Persona, PersonaDraft, Sender, Spontaneity, Style, Verbosity

app = typer.Typer(help="Add, list, show, edit and remove personas.")


def _checked_temperature(value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter("this is not a number")
    return value


PersonaId = Annotated[
    int, typer.Argument(min=1, callback=checked_number, help="The persona's id, as `maskarad persona list` shows it.")
]
Name = Annotated[str | None, typer.Option(help="What it is called.")]
Description = Annotated[str | None, typer.Option(help="Who it is, in a few sentences.")]
StyleOption = Annotated[Style | None, typer.Option("--style", help="Its tone.")]
VerbosityOption = Annotated[Verbosity | None, typer.Option("--verbosity", help="How much it says.")]
GroupReplyOption = Annotated[GroupReply | None, typer.Option("--group-reply", help="When it answers in groups.")]
ReplyMessages = Annotated[int | None, typer.Option(min=1, max=10, help="Messages in one answer at most.")]
SpontaneityOption = Annotated[Spontaneity | None, typer.Option("--spontaneity", help="How often it speaks unasked.")]
Model = Annotated[str | None, typer.Option(help="Model id; empty for the platform's default.")]
Temperature = Annotated[
    float | None,
    typer.Option(min=0.0, max=2.0, callback=_checked_temperature, help="0: predictable, 1.2: surprising."),
]
Language = Annotated[Literal["uk", "ru", "en"] | None, typer.Option(help="What it speaks when in doubt.")]
CharacterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--character",
        metavar="FIELD=TEXT",
        help="biography, traits, speech, likes, dislikes, goals or taboos; may be given several times.",
    ),
]

_TEXT_STEPS: Mapping[str, TextStep] = {"name": NAME, "description": DESCRIPTION, "model": MODEL}
_CHARACTER: Mapping[str, TextStep] = {step.key: step for step in CHARACTER_STEPS if isinstance(step, TextStep)}


def register(parent: typer.Typer, name: str, summary: str) -> None:
    parent.add_typer(app, name=name, short_help=summary)


@app.command()
def add(
    owner: Annotated[int, typer.Option(min=1, callback=checked_number, help="Telegram id of the owner.")],
    name: Annotated[str, typer.Option(help="What it is called.")],
    description: Annotated[str, typer.Option(help="Who it is, in a few sentences.")],
    style: StyleOption = None,
    verbosity: VerbosityOption = None,
    group_reply: GroupReplyOption = None,
    reply_messages: ReplyMessages = None,
    spontaneity: SpontaneityOption = None,
    model: Model = None,
    temperature: Temperature = None,
    language: Language = None,
    character: CharacterOption = None,
) -> None:
    """Make a persona and print its id. `maskarad bot add` then gives it a bot."""
    given = _given(locals())

    async def work(database: Database, settings: Settings) -> int:
        known = {"language": settings.default_language, **given}
        draft = _with_character(PersonaDraft(**known), character)

        def insert(connection: Connection) -> int:
            if users.language_of(connection, owner) is None:
                person = Sender(id=owner, name=str(owner))
                users.remember(connection, person, language=draft.language, now=now())
            return personas.add(connection, owner, draft, limit=settings.max_personas_per_user, now=now())

        return await database.write(insert)

    typer.echo(with_database(work))


@app.command("list")
def list_personas(
    owner: Annotated[
        int | None, typer.Option(min=1, callback=checked_number, help="Only those of this owner (a Telegram id).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List personas."""

    async def work(database: Database, _settings: Settings) -> list[Persona]:
        return await database.read(lambda connection: personas.owned_by(connection, owner))

    rows = [
        {
            "id": persona.id,
            "name": persona.name,
            "owner": persona.owner_id,
            "style": persona.content.style.value,
            "group_reply": persona.content.group_reply.value,
            "language": persona.content.language,
            "version": persona.version,
        }
        for persona in with_database(work)
    ]
    print_rows(rows, as_json=as_json, empty="There are no personas yet; `maskarad persona add` makes one.")


@app.command()
def show(persona: PersonaId, as_json: AsJson = False) -> None:
    """Show all of a persona."""
    found = _get(persona)
    content = msgspec.to_builtins(found.content)
    if not as_json:
        content |= {"moods": ", ".join(mood.name or mood.key for mood in found.content.moods)}
        content |= {field: text for field, text in content.pop("character").items() if text}
    print_one({"id": found.id, "owner": found.owner_id, "version": found.version, **content}, as_json=as_json)


@app.command()
def edit(
    persona: PersonaId,
    name: Name = None,
    description: Description = None,
    style: StyleOption = None,
    verbosity: VerbosityOption = None,
    group_reply: GroupReplyOption = None,
    reply_messages: ReplyMessages = None,
    spontaneity: SpontaneityOption = None,
    model: Model = None,
    temperature: Temperature = None,
    language: Language = None,
    character: CharacterOption = None,
) -> None:
    """Change what is given and leave the rest. A running platform picks it up within 5 seconds."""
    given = _given(locals())
    if not given and not character:
        raise BadInput("nothing to change was given; `maskarad persona edit --help` lists what can be")

    async def work(database: Database, _settings: Settings) -> None:
        def change(connection: Connection) -> None:
            found = personas.get(connection, persona)
            draft = _with_character(msgspec.structs.replace(found.content, **given), character)
            personas.change(connection, found.owner_id, persona, draft, now=now())

        await database.write(change)

    with_database(work)


@app.command()
def remove(persona: PersonaId, yes: Yes = False) -> None:
    """Delete a persona with its bot and all its conversations."""
    found = _get(persona)

    async def work(database: Database, _settings: Settings) -> None:
        await database.write(lambda connection: personas.remove(connection, found.owner_id, persona))

    confirm(f"Delete {found.name} with its bot and all its conversations?", yes=yes)
    with_database(work)


def _get(persona_id: int) -> Persona:
    async def work(database: Database, _settings: Settings) -> Persona:
        return await database.read(lambda connection: personas.get(connection, persona_id))

    return with_database(work)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that stand for fields of a draft and were given, checked as the wizard checks them."""
    fields = {name: options[name] for name in PersonaDraft.__struct_fields__ if options.get(name) is not None}
    fields.pop("character", None)
    for name, step in _TEXT_STEPS.items():
        if name in fields:
            fields[name] = _checked(f"--{name}", step, fields[name])
    return fields


def _with_character(draft: PersonaDraft, entries: list[str] | None) -> PersonaDraft:
    fields: dict[str, str | None] = {}
    for entry in entries or ():
        field, equals, text = entry.partition("=")
        if not equals or field not in _CHARACTER:
            raise BadInput(f"--character: write FIELD=TEXT, with a field of {', '.join(_CHARACTER)}")
        fields[field] = _checked("--character", _CHARACTER[field], text)
    return msgspec.structs.replace(draft, character=msgspec.structs.replace(draft.character, **fields))


def _checked(option: str, step: TextStep, text: str) -> str | None:
    try:
        text.encode()  # bytes of another encoding than the terminal's arrive as half characters
        return read_answer(step, text) if text.strip() or step.required else cleared(step)
    except UnicodeEncodeError:
        raise BadInput(f"{option}: this is not valid UTF-8") from None
    except Unfit as problem:
        words = load_texts().get("en", problem.key, **problem.values)
        raise BadInput(f"{option}: {words.removeprefix('⚠️ ')}") from None
