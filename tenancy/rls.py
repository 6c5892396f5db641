"""Migration operations that fence a table by organisation: row-level security, and foreign keys that stay inside."""

from __future__ import annotations

from django.db.migrations import RunSQL

# After a transaction a custom setting reads '' rather than NULL, and ''::uuid would raise: hence nullif.
OWN_ROWS = "organisation_id = nullif(current_setting('vivavoce.organisation', true), '')::uuid"
PRESENTED_TOKEN = "token_hash = nullif(current_setting('vivavoce.token_hash', true), '')"  # noqa: S105 - SQL, no secret
OWN_MEMBERSHIPS = "user_id = nullif(current_setting('vivavoce.user', true), '')::bigint"
PLATFORM_ROWS = "organisation_id IS NULL"
PLATFORM_WRITES = "organisation_id IS NULL AND current_setting('vivavoce.platform', true) = 'on'"


class EnableRowSecurity(RunSQL):
    """Lets every role, the table's owner included, see and write only the rows of the organisation in scope.

    `also_select` and `also_write` are SQL conditions under which further rows may be read, or inserted and updated.
    Without a scope no row is visible and none can be written.
    """

    def __init__(self, table: str, *, also_select: str = "", also_write: str = "") -> None:
        raised = [
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_in_organisation" UNIQUE (organisation_id, id)',
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY own_rows ON "{table}" TO PUBLIC USING ({OWN_ROWS}) WITH CHECK ({OWN_ROWS})',
        ]
        lowered = [
            f'DROP POLICY own_rows ON "{table}"',
            f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_in_organisation"',
        ]
        further = {
            "also_select": f"FOR SELECT TO PUBLIC USING ({also_select})" if also_select else "",
            "also_insert": f"FOR INSERT TO PUBLIC WITH CHECK ({also_write})" if also_write else "",
            "also_update": f"FOR UPDATE TO PUBLIC USING ({also_write}) WITH CHECK ({also_write})" if also_write else "",
        }
        for name, clause in further.items():
            if clause:
                raised.append(f'CREATE POLICY {name} ON "{table}" {clause}')
                lowered.insert(0, f'DROP POLICY {name} ON "{table}"')
        super().__init__(sql=tuple(raised), reverse_sql=tuple(lowered))
        self.table = table

    def describe(self) -> str:
        return f"Fence {self.table} by organisation"


class KeepWithinOrganisation(RunSQL):
    """Makes a foreign key between two fenced tables point to rows of the same organisation only.

    PostgreSQL checks foreign keys without regard to row security: a plain one would accept, and so confirm the
    existence of, a row of another organisation.
    """

    def __init__(self, table: str, column: str, *, parent: str) -> None:
        name = f"{table}_{column}_within"
        super().__init__(
            sql=(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (organisation_id, "{column}") '
                f'REFERENCES "{parent}" (organisation_id, id)'
            ),
            reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
        )
        self.table, self.column = table, column

    def describe(self) -> str:
        return f"Keep {self.table}.{self.column} within the organisation"
