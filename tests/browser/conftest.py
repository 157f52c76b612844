"""Real Chromium against the demonstration year; without a browser these tests are left out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.platform import embedded
from tests.browser.review import Laid

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_HERE = Path(__file__).parent


def _chromium() -> str:
    named = os.environ.get("GRANTS_BROWSER")
    return named if named is not None else (shutil.which("chromium") or "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the browser tests last; leave them out, loudly, where there is no browser.

    Playwright keeps an event loop of its own running, beside which no other test's could run.
    """
    items.sort(key=lambda item: _HERE in item.path.parents)
    if _chromium():
        return
    left = [item for item in items if _HERE in item.path.parents]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
        print(f"\n*** NO BROWSER FOUND: {len(left)} browser tests are left out ***\n")


@dataclass(frozen=True)
class Installation:
    """A running demonstration: its address, and the environment of its commands."""

    address: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """The demonstration, loaded into a folder of its own and served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="grants-browser-"))
    folder.chmod(0o711)
    environment = {
        **os.environ,
        "GRANTS_DATA": str(folder),
        "GRANTS_KEY_FILE": str(folder / "key"),
        "GRANTS_PORT": str(port),
        "GRANTS_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "grants.cli", "demo"], env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/readyz", process, folder / "serve.log")
        yield Installation(f"http://127.0.0.1:{port}", environment)
    finally:
        process.terminate()
        process.wait(timeout=30)
        embedded.remove_cluster(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(installation: Installation) -> str:
    """The address of the demonstration."""
    return installation.address


@pytest.fixture(scope="session")
def review(installation: Installation) -> Laid:
    """A round in review beside the demonstration's own.

    It is laid by a process of its own: Playwright's event loop runs in this one.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.review"],
        env=installation.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Laid(**json.loads(done.stdout))


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"the server did not come up: {log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        yield chromium
        chromium.close()


class Desk:
    """A person's browser: signs in as one of the demonstration's accounts."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.browser = browser
        self.server = server
        self.contexts: list[BrowserContext] = []

    def visit(
        self,
        *,
        width: int = 1440,
        scheme: str = "light",
        lang: str = "zh",
        scripts: bool = True,
        bypass: bool = True,
    ) -> Page:
        """A page of somebody who has not signed in."""
        context = self.browser.new_context(
            base_url=self.server,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            bypass_csp=bypass,
        )
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": "lang", "value": lang, "url": self.server}])
        return context.new_page()

    def sign_in(
        self,
        username: str,
        *,
        width: int = 1440,
        scheme: str = "light",
        lang: str = "zh",
        scripts: bool = True,
        bypass: bool = False,
    ) -> Page:
        """A page signed in as `username`, on the worklist."""
        page = self.visit(width=width, scheme=scheme, lang=lang, scripts=scripts, bypass=bypass)
        page.goto("/sign-in")
        page.fill("#username", username)
        page.fill("#password", DEMO_PASSWORD)
        page.click("form[action='/sign-in'] button.primary")
        page.wait_for_url(f"{self.server}/")
        return page

    def close(self) -> None:
        """Close every browser window."""
        for context in self.contexts:
            context.close()


@pytest.fixture
def desk(browser: Browser, server: str) -> Iterator[Desk]:
    """Signs people in; closes their windows after the test."""
    made = Desk(browser, server)
    yield made
    made.close()
