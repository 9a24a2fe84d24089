"""The browser that the reports' page is tried in."""

from __future__ import annotations

import shutil

from attrs import frozen

# Debian's packages, of one version with each other.
PACKAGES = ("chromium", "chromium-driver")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DRIVER = "chromedriver"
MISSING = (
    "the page of the reports needs Chromium or Chrome and a chromedriver of its version on the PATH: "
    f"install them (Debian: apt-get install {' '.join(PACKAGES)})"
)


@frozen
class Browser:
    """A browser and the program that drives it, as paths."""

    browser: str
    driver: str


def find() -> Browser | None:
    """The browser of this machine, None where it or its driver is missing."""
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which(_DRIVER)
    return Browser(browser, driver) if browser and driver else None
