from maskarad.db import schema
from tests.cli.shell import Said, Shell


def test_the_schema_goes_up_down_and_up(shell: Shell) -> None:
    assert shell("db", "current") == Said(0, f"database: empty\nneeded: {schema.REVISION}\n", "")
    assert shell("db", "upgrade") == Said(0, f"schema: {schema.REVISION}\n", "")
    assert shell("db", "upgrade") == Said(0, f"schema: {schema.REVISION}\n", "")
    assert shell("db", "current", "--json").json == {"database": schema.REVISION, "needed": schema.REVISION}
    assert shell("db", "downgrade", "base", "--yes") == Said(0, "schema: empty\n", "")
    assert shell("db", "current", "--json").json == {"database": None, "needed": schema.REVISION}


def test_nothing_is_lost_without_a_yes(home: Shell) -> None:
    home("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch")
    said = home("db", "downgrade", "base", stdin="n\n")
    assert said.code == 1
    assert "maskarad: nothing was changed" in said.err
    assert "Mira" in home("persona", "list").out


def test_a_revision_that_is_not_there_is_told(home: Shell) -> None:
    for arguments in (("upgrade", "9999"), ("downgrade", "9999", "--yes")):
        sentence = home.complaint("db", *arguments, code=2)
        assert sentence.startswith("the schema stays as it is: ")
        assert "9999" in sentence
