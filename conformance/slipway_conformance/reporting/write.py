"""Writes a report's files."""

from __future__ import annotations

import json
from pathlib import Path

from ..outcomes import Report
from . import badge, document, html, junit, markdown


def write(report: Report, folder: Path) -> dict[str, Path]:
    """report.json, .xml (JUnit), .md, .html and badge.svg in *folder*, by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    data = document.build(report)
    texts = {
        "report.json": json.dumps(data, indent=1, ensure_ascii=False) + "\n",
        "report.xml": junit.render(report),
        "report.md": markdown.render(data),
        "report.html": html.render(data),
        "badge.svg": badge.render(data),
    }
    paths = {}
    for name, text in texts.items():
        paths[name] = folder / name
        paths[name].write_text(text, encoding="utf-8", errors="replace")
    return paths
