"""Alembic's entry: it runs on the connection that `db/migrate.py` hands over, inside that connection's transaction."""

from alembic import context

from maskarad.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
