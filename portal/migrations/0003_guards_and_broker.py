"""The ledger only grows; the broker's schema belongs to the application's role."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from pgmq.install import get_embedded_install_sql

from portal.database import app_role, roles_are_separate
from portal.history.operations import AppendOnly


def install_broker(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install pgmq's plain SQL as the application's role, so that workers can make and drop queues."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('pgmq') IS NOT NULL")
        if cursor.fetchone()[0]:
            return
        if not roles_are_separate():
            cursor.execute(get_embedded_install_sql())
            return
        role = connection.ops.quote_name(app_role())
        database = connection.ops.quote_name(connection.settings_dict["NAME"])
        # The script creates its schema itself, which needs this right for a moment.
        cursor.execute(f"GRANT CREATE ON DATABASE {database} TO {role}")
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(get_embedded_install_sql())
        cursor.execute("RESET ROLE")
        cursor.execute(f"REVOKE CREATE ON DATABASE {database} FROM {role}")


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_tables")]

    operations = [
        AppendOnly("ledgerentry"),
        AppendOnly("ledgerpayload"),
        migrations.RunPython(install_broker, migrations.RunPython.noop),
    ]
