"""The migration operations behind the log: entries are staged by their own insertion, and what is logged only grows."""

from __future__ import annotations

from django.db.migrations import RunSQL

from audit.append_only import ForApplication

# The schema is written into the function: it runs with its owner's rights and may search no other.
STAGE = """
DO $do$ BEGIN EXECUTE format($create$
    CREATE FUNCTION {table}_stage() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
    AS $body$
    BEGIN
        INSERT INTO %1$I.audit_staged (entry_id, event, occurred_at, organisation_id, commitments)
        VALUES (NEW.id, NEW.event, NEW.occurred_at, NEW.organisation_id, NEW.commitments);
        RETURN NULL;
    END $body$
$create$, current_schema()); END $do$
"""
STAGING = (
    "REVOKE ALL ON audit_staged FROM PUBLIC, {application}",
    "GRANT SELECT, DELETE ON audit_staged TO {application}",
    # A queue: its rows come and go, and what is left of them must not be stepped over for long.
    "ALTER TABLE audit_staged SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    STAGE,
    # After the insertion: a row that the insertion passes over (ON CONFLICT DO NOTHING) is not staged.
    "CREATE TRIGGER {table}_stage AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stage()",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stage",
    """ALTER TABLE {table} ADD CONSTRAINT {table}_whole_hashes
       CHECK (octet_length(commitments) % 32 = 0 AND octet_length(commitments) <= 2048)""",  # so that a leaf is small
)
STAGING_UNDONE = (
    "ALTER TABLE {table} DROP CONSTRAINT {table}_whole_hashes",
    "DROP TRIGGER {table}_stage ON {table}",
    "DROP FUNCTION {table}_stage()",
)
# The owner too sees nothing through a forced fence, so it is lowered for this one statement of this transaction.
STAGE_EARLIER = (
    "ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY",
    """INSERT INTO audit_staged (entry_id, event, occurred_at, organisation_id, commitments)
       SELECT id, event, occurred_at, organisation_id, commitments FROM audit_entry""",
    "ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY",
)
KEEP = """
CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF {allowed} THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: the log only grows, and what was published stays published',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
KEPT = (
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_keep()""",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_keep()",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate",
    "REVOKE ALL ON {table} FROM PUBLIC, {application}",
)
KEPT_UNDONE = (
    "DROP TRIGGER {table}_no_truncate ON {table}",
    "DROP TRIGGER {table}_no_change ON {table}",
    "DROP FUNCTION {table}_keep()",
)
EMPTY_LOG = "INSERT INTO audit_logstate (id, size, root, range) VALUES (1, 0, sha256(''), '')"
LEAF_SIZES = """ALTER TABLE audit_leaf ADD CONSTRAINT leaf_sizes
    CHECK (octet_length(leaf_hash) = 32 AND octet_length(leaf) BETWEEN 1 AND 65535)"""


class StageEntries(ForApplication):
    """Puts every new entry before the sequencer, in the transaction that writes it, past anyone's choice."""

    def __init__(self, table: str) -> None:
        super().__init__(table, raised=STAGING, lowered=STAGING_UNDONE)

    def describe(self) -> str:
        return f"Stage what is written to {self.table}"


class StageEarlierEntries(RunSQL):
    """Stages the entries that were written before there was a log; without commitments, which verification says."""

    def __init__(self) -> None:
        super().__init__(sql=STAGE_EARLIER, reverse_sql=RunSQL.noop)

    def describe(self) -> str:
        return "Stage the earlier entries"


class KeepRows(ForApplication):
    """Refuses DELETE and TRUNCATE to everyone, and every UPDATE but one for which the SQL condition `allowed` holds.

    The application gets SELECT and the rights named in `granted`.
    """

    def __init__(self, table: str, *, granted: str, allowed: str = "false") -> None:
        raised = (
            KEEP.replace("{allowed}", allowed),
            *KEPT,
            f"GRANT SELECT, {granted} ON {{table}} TO {{application}}",
        )
        super().__init__(table, raised=raised, lowered=KEPT_UNDONE)

    def describe(self) -> str:
        return f"Keep the rows of {self.table}"
