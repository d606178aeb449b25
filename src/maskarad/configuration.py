"""Every setting with its meaning and default, rendered from `Settings` for `docs/configuration.md` and the doctor."""

import sys
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from maskarad.settings import Settings
from maskarad.values import Value

PAGE = """\
# Configuration

Settings come from the environment and from a file `.env` in the folder that Maskarad is started in; the environment
wins. They are read once, at the start: a wrong value stops it and names the variable. This page is made by
`python -m maskarad.configuration`.

| variable | default | meaning |
|---|---|---|
{rows}
"""


class Setting(Value, frozen=True):
    """One variable as a person sets it; `default` is written as it would be set, and empty when there is none."""

    variable: str
    default: str
    meaning: str


def settings_list() -> list[Setting]:
    """All settings, in the order in which `Settings` declares them."""
    return [
        Setting(variable=_variable(name, field), default=_default(field.default), meaning=field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def page() -> str:
    """The whole of `docs/configuration.md`."""
    return PAGE.format(rows="\n".join(_row(each) for each in settings_list()))


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else ""
    return f"| `{setting.variable}` | {default} | {setting.meaning.replace('|', chr(92) + '|')} |"


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return (str(alias.choices[0]) if isinstance(alias, AliasChoices) else name).upper()


def _default(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.write(page())
