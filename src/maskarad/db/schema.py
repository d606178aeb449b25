"""Which revision of the schema this code needs, and which one a database has.

Migrating itself is in `migrate.py`, apart, because Alembic's import costs more than the rest of the start.
"""

from sqlalchemy import Connection, bindparam, inspect, select, text, update

from maskarad.db.tables import platform_identity
from maskarad.errors import SchemaOutdated

REVISION = "0005"

_OLDEST_CODE = select(platform_identity.c.oldest_code)
_SET_KEY_CHECK = (
    update(platform_identity).where(platform_identity.c.key_check.is_(None)).values(key_check=bindparam("b_sealed"))
)


def revision_of(connection: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def check(connection: Connection) -> None:
    """Raises SchemaOutdated when this code and the database do not fit. A newer schema fits as long as it serves this
    code, too: so processes can be exchanged one after the other."""
    revision = revision_of(connection)
    if revision is None or revision < REVISION:
        raise SchemaOutdated(
            f"the database's schema is {revision or 'empty'}, this version needs {REVISION}: run `maskarad db upgrade`"
        )
    if revision > REVISION and connection.execute(_OLDEST_CODE).scalar_one() > REVISION:
        raise SchemaOutdated(
            f"the database's schema is {revision}, which this version ({REVISION}) does not know any more: install the "
            "version that the other processes have"
        )


def identity(connection: Connection) -> str:
    """A random text that no other platform's database has."""
    return str(connection.execute(select(platform_identity.c.id)).scalar_one())


def key_check(connection: Connection, sealed: str) -> str:
    """What the first process sealed; `sealed` for the first."""
    connection.execute(_SET_KEY_CHECK, {"b_sealed": sealed})
    return str(connection.execute(select(platform_identity.c.key_check)).scalar_one())
