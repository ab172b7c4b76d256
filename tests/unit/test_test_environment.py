"""What the other tests rely on: nobody's settings reach them, and they reach nothing outside this machine."""

from __future__ import annotations

import os
import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_no_setting_of_the_surroundings_is_seen() -> None:
    assert [name for name in os.environ if name.startswith("ALERTDESK_")] == []


def test_a_connection_to_another_address_is_refused_before_it_is_tried() -> None:
    with socket.socket() as plain, pytest.raises(SocketConnectBlockedError):
        plain.connect(("127.0.0.2", 9))


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"
