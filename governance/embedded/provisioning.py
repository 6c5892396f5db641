"""Creates the database and its two roles: one that owns everything, one that may only use it."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from governance.embedded.addresses import APPLICATION_ROLE, OWNER_ROLE
from governance.embedded.errors import EmbeddedError

_PRIVILEGES = "rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication"


@dataclass(frozen=True)
class _Role:
    name: str
    password: str
    may_create_databases: bool
    inherits: bool


def provision_database(
    admin_url: str,
    *,
    name: str,
    owner_password: str,
    application_password: str,
    owner_may_create_databases: bool = False,
) -> None:
    """Make the roles and the database as they should be, whatever was there before; safe to repeat.

    `admin_url` names a role that may create roles and databases. Passwords reach the server as SCRAM verifiers.

    Raises:
        EmbeddedError: the server refuses, or the application role keeps a privilege it must not have.
    """
    # The owner's right to the schema comes through pg_database_owner, which PostgreSQL 15 must let it inherit.
    owner = _Role(OWNER_ROLE, owner_password, owner_may_create_databases, inherits=True)
    application = _Role(APPLICATION_ROLE, application_password, may_create_databases=False, inherits=False)
    try:
        with psycopg.connect(admin_url, autocommit=True) as server:
            for role in (owner, application):
                _ensure_role(server, role)
            _become_member_of_owner(server)
            _ensure_database(server, name)
        with psycopg.connect(admin_url, dbname=name) as database:  # all or nothing: the application may be at work
            _grant_use_only(database, name)
    except psycopg.Error as error:
        raise EmbeddedError(f"The database {name!r} could not be provisioned: {str(error).strip()}") from error


def _ensure_role(server: psycopg.Connection, role: _Role) -> None:
    identifier = sql.Identifier(role.name)
    if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role.name]).fetchone() is None:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN").format(identifier))
    privileged = sql.SQL("SELECT {} FROM pg_roles WHERE rolname = %s").format(sql.SQL(_PRIVILEGES))
    if server.execute(privileged, [role.name]).fetchone() != (False,):
        server.execute(
            sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION").format(identifier),
        )
    verifier = server.pgconn.encrypt_password(role.password.encode(), role.name.encode(), b"scram-sha-256").decode()
    server.execute(
        sql.SQL("ALTER ROLE {} LOGIN {} {} PASSWORD {}").format(
            identifier,
            sql.SQL("INHERIT" if role.inherits else "NOINHERIT"),
            sql.SQL("CREATEDB" if role.may_create_databases else "NOCREATEDB"),
            sql.Literal(verifier),
        ),
    )


def _become_member_of_owner(server: psycopg.Connection) -> None:
    """An administrator who is no superuser acts for the owner only as a member of that role."""
    if server.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,):
        server.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER_ROLE)))


def _ensure_database(server: psycopg.Connection, name: str) -> None:
    database, owner = sql.Identifier(name), sql.Identifier(OWNER_ROLE)
    if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        server.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(database, owner),
        )


def _grant_use_only(database: psycopg.Connection, name: str) -> None:
    """What the owner makes, the application may read and write, and nothing more."""
    statements = (
        "SET ROLE {owner}",
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "REVOKE ALL ON DATABASE {name} FROM {application}",
        "GRANT CONNECT ON DATABASE {name} TO {application}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM {application}",
        "GRANT USAGE ON SCHEMA public TO {application}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {application}",
    )
    names = {
        "name": sql.Identifier(name),
        "owner": sql.Identifier(OWNER_ROLE),
        "application": sql.Identifier(APPLICATION_ROLE),
    }
    for statement in statements:
        database.execute(sql.SQL(statement).format(**names))
