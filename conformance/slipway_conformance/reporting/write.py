"""Writes a report's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..outcomes import Report
from . import badge, coverage, document, html, junit, markdown
from .html import Figures


def write(report: Report, folder: Path, figures: Figures | None = None) -> dict[str, Path]:
    """report.xml (JUnit) and all of ``pages`` in *folder*, by name."""
    texts = {"report.xml": junit.render(report)}
    return pages(document.build(report), folder, figures) | _written(texts, folder)


def pages(data: dict[str, Any], folder: Path, figures: Figures | None = None) -> dict[str, Path]:
    """report.json, .md, .html, coverage.md and badge.svg of a report's document, by name; the page
    for people shows the *figures* of a benchmark too."""
    texts = {
        "report.json": json.dumps(data, indent=1, ensure_ascii=False) + "\n",
        "report.md": markdown.render(data),
        "report.html": html.render(data, figures),
        "coverage.md": coverage.render(data),
        "badge.svg": badge.render(data),
    }
    return _written(texts, folder)


def _written(texts: dict[str, str], folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
    return {name: folder / name for name in texts}
