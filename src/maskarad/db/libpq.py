"""PostgreSQL's own programs reach a server by their environment: no password stands in a command line."""

from sqlalchemy.engine import URL, make_url

_OPTIONS = {
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "servicefile": "PGSERVICEFILE",
    "ssl": "PGSSLMODE",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""What may stand behind the ? (`setting_shapes`), and who hears of it."""


def environment_of(url: str) -> dict[str, str]:
    """The variables by which libpq finds the database that the address names."""
    parsed = make_url(url)
    found = {
        "PGHOST": parsed.host or _text(parsed, "host"),
        "PGPORT": str(parsed.port) if parsed.port else _text(parsed, "port"),
        "PGUSER": parsed.username or _text(parsed, "user"),
        "PGPASSWORD": str(parsed.password) if parsed.password else _text(parsed, "password"),
        "PGDATABASE": parsed.database or _text(parsed, "database"),
        **{variable: _text(parsed, option) for option, variable in _OPTIONS.items()},
    }
    return {name: value for name, value in found.items() if value}


def with_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def is_server(url: str) -> bool:
    return make_url(url).get_backend_name() == "postgresql"


def _text(url: URL, name: str) -> str:
    value = url.query.get(name, "")
    return value if isinstance(value, str) else ",".join(value)
