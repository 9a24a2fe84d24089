from __future__ import annotations

from slipway_tools.bench.size import layers, own, together


def history(*entries: tuple[int, str, int]) -> list[dict[str, object]]:
    return [{"Created": at, "CreatedBy": by, "Size": size} for at, by, size in entries]


BASE = layers(history((1, "ADD rootfs", 100), (2, "ENV A=1", 0)))
FIRST = layers(history((1, "ADD rootfs", 100), (3, "RUN toolchain", 40), (4, "COPY server", 2)))
SECOND = layers(history((1, "ADD rootfs", 100), (3, "RUN toolchain", 40), (5, "COPY server", 3)))


def test_own_is_what_the_base_has_not() -> None:
    assert own(FIRST, BASE) == 42


def test_shared_layers_count_once() -> None:
    assert together([FIRST, SECOND]) == 145


def test_no_image_weighs_nothing() -> None:
    assert together([]) == 0
