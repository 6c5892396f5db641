import socket
from pathlib import Path

from governance.embedded.layout import prepare_layout
from governance.embedded.web_port import choose_port, read_port


def test_a_port_held_by_a_stranger_is_named_and_the_next_free_one_remembered(tmp_path: Path) -> None:
    layout = prepare_layout(tmp_path / "home")
    said: list[str] = []
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]

        port = choose_port(layout, preferred=taken, say=said.append)

    assert port > taken
    assert read_port(layout) == port
    assert said == [f"web: port {taken} is taken by another program, using {port} (set VIVAVOCE_PORT to choose)"]


def test_a_free_port_is_taken_as_it_is(tmp_path: Path) -> None:
    layout = prepare_layout(tmp_path / "home")
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        free = trial.getsockname()[1]

    assert choose_port(layout, preferred=free, say=print) == free


def test_before_the_first_start_there_is_no_port(tmp_path: Path) -> None:
    assert read_port(prepare_layout(tmp_path / "home")) is None
