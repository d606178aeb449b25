"""Did the database fail, or what it was asked? The one place that knows the drivers' words for it."""

import errno
import socket

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from maskarad.errors import DatabaseUnavailable, StatementTimedOut

# Classes of SQLSTATE that speak of the server and not of the statement: no connection, not let in, no such database,
# rolled back for another's sake (deadlock), out of resources, shutting down, its machine's errors.
UNAVAILABLE_CLASSES = frozenset({"08", "28", "3D", "40", "53", "57", "58"})

CANCELLED = "57014"
"""SQLSTATE of a statement that took longer than it may, or that an operator has ended."""

DISK_FULL = "53100"
"""Its SQLSTATE."""
FULL = "the disk that holds the database is full: make room there, and all goes on by itself"

# SQLITE_FULL and SQLITE_IOERR_SHMSIZE: SQLite asks for room for its shared memory, too, and what it calls these errors
# is all it says of why. By number: on PostgreSQL the module would be 2 MB for nothing.
_FULL_CODES = frozenset((13, 4874))

_NO_RIGHT = "42501"
"""SQLSTATE of what a user may not do: also of connecting, when it comes without a statement."""

_NOT_LET_IN = {
    _NO_RIGHT: "the server does not let this user into this database",
    "28": "the server refuses this user or this password",
    "3D": "the server has no database of this name",
    "53300": "the server has no connection left",
}
"""What people can mend, by SQLSTATE or its class. Said in our words: the server's quote names."""
_NO_SUCH_HOST = "no address is known for the server's host"
_NO_WAY_TO_CONNECT = (
    "the driver cannot connect as the address says; ssl=verify-ca and ssl=verify-full need the certificate of whoever "
    "signed the server's in ~/.postgresql/root.crt"
)


def translated(error: BaseException) -> BaseException:
    """DatabaseUnavailable where the database failed (StatementTimedOut where it only did not get through with what it
    was asked); else the error itself, fit for a log."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == CANCELLED:
        return StatementTimedOut(type(error.orig).__name__)
    if _is_unavailable(error):
        return DatabaseUnavailable(FULL if is_disk_full(error) else _why(error))
    return _without_words(error) if isinstance(error, DBAPIError) else error


def _why(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return _NO_SUCH_HOST
    if _is_without_connection(error):
        return _NO_WAY_TO_CONNECT
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None))
    return _NOT_LET_IN.get(state) or _NOT_LET_IN.get(state[:2]) or type(error).__name__


def is_disk_full(error: BaseException) -> bool:
    """Whether the database failed because nothing more can be written to its disk."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    if _is_of_sqlite(driver):
        return getattr(driver, "sqlite_errorcode", None) in _FULL_CODES
    return getattr(driver, "errno", None) == errno.ENOSPC or getattr(driver, "sqlstate", None) == DISK_FULL


def _without_words(error: DBAPIError) -> DBAPIError:
    """PostgreSQL's sentence quotes the failing row and asyncpg's the wrong value, that is, people's words; SQLite's
    names columns only. The engines hide the parameters."""
    if _is_of_sqlite(error.orig):
        return error
    reason = f"{type(error.orig).__name__}, SQLSTATE {getattr(error.orig, 'sqlstate', None)}"
    return type(error)(error.statement, None, Exception(reason), hide_parameters=True)


def _is_unavailable(error: BaseException) -> bool:
    """Whether the database failed, and not what it was asked."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout | OSError) or _is_of_sqlite(error)
    if _is_without_connection(error):
        return True
    if error.connection_invalidated or isinstance(error, OperationalError) or type(error) is DatabaseError:
        return True
    state = str(getattr(error.orig, "sqlstate", None))
    return state[:2] in UNAVAILABLE_CLASSES or (state == _NO_RIGHT and error.statement is None)


def _is_without_connection(error: BaseException) -> bool:
    """The driver did not even begin to connect."""
    return isinstance(error, InterfaceError) and error.statement is None and not error.connection_invalidated


def _is_of_sqlite(error: BaseException | None) -> bool:
    return type(error).__module__ == "sqlite3"
