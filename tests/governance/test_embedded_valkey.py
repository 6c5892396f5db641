import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry

from governance.embedded.addresses import broker_socket, broker_url
from governance.embedded.probes import probe_broker
from governance.embedded.service import ensure_running, find_service
from governance.embedded.sockets import socket_folder
from governance.embedded.supervisor import Installation, stop_everything
from governance.embedded.valkey import valkey_service

pytestmark = pytest.mark.embedded


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation.at(tmp_path / "home", environment={})
    yield made
    stop_everything(made, say=print)
    socket_folder(made.layout).rmdir()


def start_valkey(installation: Installation) -> psutil.Process:
    service = valkey_service(installation.layout, installation.credentials)
    ensure_running(service, installation.layout, say=print)
    return find_service(service, installation.layout)[0]


def client(installation: Installation, password: str | None) -> redis.Redis:
    socket = str(broker_socket(installation.layout))
    return redis.Redis(unix_socket_path=socket, password=password, retry=Retry(NoBackoff(), 0))


def test_a_password_is_asked_and_no_port_is_open(installation: Installation) -> None:
    process = start_valkey(installation)

    with pytest.raises(redis.AuthenticationError), client(installation, "not the password") as wrong:
        wrong.ping()
    with pytest.raises(redis.AuthenticationError), client(installation, None) as none:
        none.ping()
    assert process.net_connections("inet") == []


def test_the_broker_address_works_for_celery_with_its_password(installation: Installation) -> None:
    start_valkey(installation)
    address = broker_url(installation.layout, installation.credentials)

    with Celery(broker=address, set_as_current=False) as app:
        app.send_task("governance.render_clip", args=["permit"], queue="synthesis")
    with client(installation, installation.credentials.broker) as valkey:
        waiting = valkey.llen("synthesis")

    assert waiting == 1
    assert probe_broker(address).ready
    assert not probe_broker(address.replace(installation.credentials.broker, "wrong")).ready


def test_every_acknowledged_message_survives_the_death_of_the_server(installation: Installation) -> None:
    process = start_valkey(installation)
    acknowledged: list[int] = []

    def push_until_refused() -> None:
        with client(installation, installation.credentials.broker) as valkey:
            try:
                for number in range(1_000_000):
                    valkey.rpush("queue", number)
                    acknowledged.append(number)
            except redis.ConnectionError:
                return

    pusher = threading.Thread(target=push_until_refused)
    pusher.start()
    while len(acknowledged) < 500:
        time.sleep(0.01)
    process.kill()
    pusher.join(timeout=30)
    restarted = start_valkey(installation)

    with client(installation, installation.credentials.broker) as valkey:
        kept = {int(number) for number in valkey.lrange("queue", 0, -1)}
    assert restarted.pid != process.pid
    assert len(acknowledged) >= 500
    assert set(acknowledged) - kept == set()
