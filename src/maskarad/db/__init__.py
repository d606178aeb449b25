"""Rows: tables, the two engines and every query. Only this package imports SQLAlchemy.

A query is a plain function that takes a `Connection` first; it never commits. `Database.read` and `Database.write` run
one or several of them in one transaction, which commits when the function returns and rolls back when it raises.
"""

from sqlalchemy import Connection as Connection
