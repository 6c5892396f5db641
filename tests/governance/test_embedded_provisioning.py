from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from governance.embedded.addresses import admin_url, database_url, default_urls
from governance.embedded.checks import check_database
from governance.embedded.errors import EmbeddedError
from governance.embedded.postgres import postgres_service
from governance.embedded.provisioning import provision_database
from governance.embedded.service import ensure_running
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation, start_services, stop_everything

pytestmark = pytest.mark.embedded


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation.at(tmp_path / "home", environment={}, durable=False)
    yield made
    stop_everything(made, say=print)
    socket_folder(made.layout).rmdir()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for the tests that leave it as it was."""
    made = Installation.at(tmp_path_factory.mktemp("shared") / "home", environment={}, durable=False)
    yield made
    stop_everything(made, say=print)
    socket_folder(made.layout).rmdir()


@pytest.fixture(scope="module")
def urls(shared: Installation) -> dict[str, str]:
    """The addresses of a provisioned database in which the owner keeps two secrets behind row security."""
    start_services(shared, say=print)
    made = default_urls(shared.layout.root)
    with psycopg.connect(made["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE secret (id bigserial PRIMARY KEY, organisation text)")
        owner.execute("INSERT INTO secret (organisation) VALUES ('ours'), ('theirs')")
        owner.execute("ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY")
        owner.execute(
            "CREATE POLICY own ON secret USING (organisation = current_setting('app.organisation', true))",
        )
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE secret DISABLE ROW LEVEL SECURITY",
        "DROP TABLE secret",
        "TRUNCATE secret",
        "SET ROLE vivavoce_owner",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE vivavoce_app BYPASSRLS",
        "COPY secret TO PROGRAM 'cat'",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_the_application_may_only_use_what_the_owner_made(urls: dict[str, str], statement: str) -> None:
    with (
        psycopg.connect(urls["DATABASE_URL"], autocommit=True) as application,
        pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)),
    ):
        application.execute(statement)


def test_row_security_holds_for_the_application(urls: dict[str, str]) -> None:
    with psycopg.connect(urls["DATABASE_URL"]) as application:
        unscoped = application.execute("SELECT organisation FROM secret").fetchall()
        application.execute("SET LOCAL app.organisation = 'ours'")
        scoped = application.execute("SELECT organisation FROM secret").fetchall()
        application.execute("INSERT INTO secret (organisation) VALUES ('ours')")
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            application.execute("INSERT INTO secret (organisation) VALUES ('theirs')")
    assert (unscoped, scoped) == ([], [("ours",)])


def test_provisioning_again_takes_powers_away_that_someone_gave(shared: Installation, urls: dict[str, str]) -> None:
    with psycopg.connect(admin_url(shared.layout, shared.credentials), autocommit=True) as server:
        server.execute("ALTER ROLE vivavoce_app SUPERUSER BYPASSRLS CREATEDB CREATEROLE")
    with pytest.raises(EmbeddedError, match="is superuser, bypasses row security, creates roles, creates databases"):
        check_database(urls["DATABASE_URL"])

    start_services(shared, say=print)

    assert check_database(urls["DATABASE_URL"]) == "PostgreSQL 18, role vivavoce_app owns nothing"


def test_an_application_role_that_owns_or_inherits_something_is_not_well(installation: Installation) -> None:
    start_services(installation, say=print)
    urls = default_urls(installation.layout.root)
    with psycopg.connect(urls["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("CREATE TABLE given (id int)")
    with psycopg.connect(
        admin_url(installation.layout, installation.credentials), dbname="vivavoce", autocommit=True
    ) as server:
        server.execute("ALTER TABLE given OWNER TO vivavoce_app")
        server.execute("GRANT vivavoce_owner TO vivavoce_app")

    with pytest.raises(EmbeddedError, match="owns objects, is a member of roles"):
        check_database(urls["DATABASE_URL"])


def test_an_administrator_who_is_no_superuser_can_provision(installation: Installation) -> None:
    ensure_running(
        postgres_service(installation.layout, installation.credentials, durable=False), installation.layout, say=print
    )
    with psycopg.connect(admin_url(installation.layout, installation.credentials), autocommit=True) as server:
        server.execute("CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD 'of the administrator'")
    admin = database_url(
        installation.layout, role="administrator", password="of the administrator", database="postgres"
    )

    for _repetition in range(2):
        provision_database(admin, name="elsewhere", owner_password="o w n", application_password="a/p:p")

    application = database_url(installation.layout, role="vivavoce_app", password="a/p:p", database="elsewhere")
    assert check_database(application) == "PostgreSQL 18, role vivavoce_app owns nothing"


def test_a_refusing_server_is_reported(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="could not be provisioned"):
        provision_database(
            f"postgresql://nobody@/postgres?host={tmp_path}", name="x", owner_password="o", application_password="a"
        )
