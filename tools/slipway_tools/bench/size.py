"""What images weigh beyond the base image that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import frozen

from ..engine.images import BASE
from .catalogue import RuntimeSpec
from .engine import Engine
from .model import Size


@frozen
class Layer:
    """An entry of an image's history. Images that share a layer share its time and its command."""

    created: int
    created_by: str
    size: int


def layers(history: Iterable[Mapping[str, Any]]) -> frozenset[Layer]:
    return frozenset(
        Layer(entry["Created"], entry["CreatedBy"], entry["Size"])
        for entry in history
        if entry["Size"]
    )


def own(image: frozenset[Layer], base: frozenset[Layer]) -> int:
    return sum(layer.size for layer in image - base)


def together(images: Iterable[frozenset[Layer]]) -> int:
    """Bytes of all images, each layer once."""
    return sum(layer.size for layer in frozenset[Layer]().union(*images))


def read_layers(engine: Engine, image: str) -> frozenset[Layer]:
    return layers(engine.client.images.get(image).history())


def measure(engine: Engine, spec: RuntimeSpec) -> tuple[Size, ...]:
    base = read_layers(engine, BASE)
    roles: tuple[tuple[Literal["launch", "build"], str], ...] = (
        ("launch", spec.choice.launch_image),
        ("build", spec.choice.build_image),
    )
    return tuple(
        Size(
            role=role,
            image=image,
            own=own(read_layers(engine, image), base),
            base=sum(layer.size for layer in base),
        )
        for role, image in roles
    )


def launch_total(engine: Engine, specs: Iterable[RuntimeSpec]) -> int:
    return together(read_layers(engine, spec.choice.launch_image) for spec in specs)
