"""How alembic reaches the database: by the connection that recomma.adapters.postgres.schema made.

There is no alembic.ini: settings come from the program, so `recomma migrate` and the tests run
exactly the same code.
"""

from alembic import context

from recomma.adapters.postgres.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
