"""The migration operation that lets a table only grow, and stamps each row's time and place itself."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.migrations import RunSQL

STAMP = """
CREATE FUNCTION {table}_stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    NEW.occurred_at := clock_timestamp();
    NEW.sequence := nextval(format('%I.{table}_place', TG_TABLE_SCHEMA));
    RETURN NEW;
END $$
"""
REFUSE = """
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: the audit record only grows; append a correcting entry instead',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
RAISED = (
    "CREATE SEQUENCE {table}_place",
    STAMP,
    REFUSE,
    "CREATE TRIGGER {table}_stamp BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stamp()",
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()",
    # ALWAYS: they fire even in a session that plays a replica, where ordinary triggers sleep.
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stamp",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate",
    "REVOKE ALL ON SEQUENCE {table}_place FROM PUBLIC, {application}",
    "REVOKE ALL ON {table} FROM PUBLIC, {application}",
    "GRANT SELECT, INSERT ON {table} TO {application}",
)
LOWERED = (
    "DROP TRIGGER {table}_no_truncate ON {table}",
    "DROP TRIGGER {table}_no_change ON {table}",
    "DROP TRIGGER {table}_stamp ON {table}",
    "DROP FUNCTION {table}_refuse()",
    "DROP FUNCTION {table}_stamp()",
    "DROP SEQUENCE {table}_place",
)


class ForApplication(RunSQL):
    """SQL about `table`, in which `{application}` stands for the role that the application connects as."""

    def __init__(self, table: str, *, raised: Sequence[str], lowered: Sequence[str]) -> None:
        role = str(settings.DATABASES["default"]["USER"])
        if not role:
            raise ImproperlyConfigured("DATABASE_URL must name the application's role, so that its rights can be cut.")
        names = {"table": table, "application": '"' + role.replace('"', '""') + '"'}
        super().__init__(
            sql=[statement.format(**names) for statement in raised],
            reverse_sql=[statement.format(**names) for statement in lowered],
        )
        self.table = table


class MakeAppendOnly(ForApplication):
    """Refuses UPDATE, DELETE and TRUNCATE on a table to everyone, and grants the application INSERT and SELECT only.

    A superuser or the table's owner can still take the triggers away: this stops accidents and a captured
    application, and only an outside witness could show what a database administrator rewrote.
    """

    def __init__(self, table: str) -> None:
        super().__init__(table, raised=RAISED, lowered=LOWERED)

    def describe(self) -> str:
        return f"Let {self.table} only grow"
