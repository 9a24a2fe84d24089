from __future__ import annotations

from slipway_tools.bench.usage import mapped_files


def mapping(inode: int, rss: int, anonymous: int, offset: str = "00000000") -> list[str]:
    return [
        f"7f0000000000-7f0000100000 r-xp {offset} 08:01 {inode}    /usr/lib/libc.so.6",
        "Size:               1024 kB",
        f"Rss:                {rss} kB",
        "Pss:                   1 kB",
        f"Anonymous:          {anonymous} kB",
        "AnonHugePages:         0 kB",
    ]


def test_a_library_of_two_processes_counts_once() -> None:
    assert mapped_files([*mapping(7, 100, 0), *mapping(7, 60, 0)]) == 100 * 1024


def test_pieces_of_a_file_add_up() -> None:
    lines = [*mapping(7, 100, 0), *mapping(7, 50, 0, "00100000"), *mapping(8, 1, 0)]
    assert mapped_files(lines) == 151 * 1024


def test_copied_and_anonymous_pages_are_not_the_files() -> None:
    assert mapped_files([*mapping(7, 100, 90), *mapping(0, 500, 500)]) == 10 * 1024
