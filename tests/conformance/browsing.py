"""A real browser without a screen, and what it tells of a page."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from slipway_tools.test import browser


class Page:
    """An open page, and the hands of whoever reads it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, path: Path) -> None:
        self._driver.get(path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        return self._driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def press(self, *keys: str) -> None:
        """Keys for whatever has the focus."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def texts(self, selector: str) -> list[str]:
        """The texts of all visible elements."""
        found = self._driver.find_elements(By.CSS_SELECTOR, selector)
        return [element.text for element in found if element.is_displayed()]

    @property
    def focused(self) -> str:
        """How what has the focus is called."""
        return self._driver.switch_to.active_element.get_attribute("aria-label") or ""

    def settle(self) -> None:
        """Lets the page do what it has put off: a dialog tells that it was closed a little later."""
        self._driver.execute_async_script(
            "requestAnimationFrame(() => setTimeout(arguments[0], 20))"
        )

    def as_it_was(self) -> None:
        """A desktop's screen again."""
        self._driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.medium("")

    def width(self, pixels: int) -> None:
        """Shows the page as on a device of this width."""
        metrics = {"width": pixels, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def medium(self, name: str) -> None:
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": name})

    def picture(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))

    def complaints(self) -> list[str]:
        """What stands in the console."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Everything that was asked for beyond the files of the page itself."""
        found = []
        for entry in self._driver.get_log("performance"):  # type: ignore[no-untyped-call]
            told = json.loads(entry["message"])["message"]
            if told["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                params = told["params"]
                found.append(params.get("url") or params["request"]["url"])
        return [url for url in found if not url.startswith(("data:", "file:"))]


@contextmanager
def opened() -> Iterator[Page]:
    """A browser; AssertionError says what to do where there is none."""
    found = browser.find()
    assert found, f"{browser.MISSING}, or leave these tests out: -m 'not browser'"
    options = webdriver.ChromeOptions()
    options.binary_location = found.browser
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    options.add_argument("--window-size=1280,1000")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(found.driver))
    try:
        yield Page(driver)
    finally:
        driver.quit()
