"""Connections inside a container's network; with this process in the container's place."""

import os
import socket
from pathlib import Path

import pytest
from slipway_conformance.targets import inside


def test_a_network_that_can_be_entered() -> None:
    network = Path(f"/proc/{os.getpid()}/ns/net")
    with socket.create_server(("127.0.0.1", 0)) as listener, network.open() as entered:
        try:
            inside._enter(entered.fileno())
        except PermissionError:
            assert inside.connect(os.getpid(), listener.getsockname()[1], 1) is None
            return
        connected = inside.connect(os.getpid(), listener.getsockname()[1], 1)
        assert connected is not None
        with connected, listener.accept()[0] as accepted:
            connected.sendall(b"here")
            assert accepted.recv(4) == b"here"


@pytest.mark.parametrize("process", [0, 2**22 + 1])
def test_a_process_that_is_not_there(process: int) -> None:
    assert inside.connect(process, 3000, 1) is None


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    try:
        found = inside.connect(os.getpid(), port, 1)
    except ConnectionRefusedError:
        return
    assert found is None, "nobody takes it, and it was taken"
