"""Ports that servers are launched on."""

from __future__ import annotations

import socket

import pytest
from slipway_conformance.targets import free_port


def test_a_port_that_was_handed_out_is_nobody_elses_meanwhile() -> None:
    ports = [free_port() for _ in range(32)]
    assert len(set(ports)) == len(ports)
    for port in ports:
        # What another run would have to take first.
        with socket.socket(socket.AF_UNIX) as lease, pytest.raises(OSError, match="in use"):
            lease.bind(f"\0slipway-port-{port}")


def test_old_leases_end() -> None:
    first = free_port()
    # A lease that is dropped unclosed ends in a warning, which fails a test.
    for _ in range(64):
        free_port()
    with socket.socket(socket.AF_UNIX) as lease:
        lease.bind(f"\0slipway-port-{first}")
