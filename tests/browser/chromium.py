"""A headless Chromium driven over the DevTools protocol's pipe: no driver to install, no port, no address
elsewhere.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pytest

FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--remote-debugging-pipe",
    "--disable-features=IsolateSandboxedIframes",  # what a sandboxed frame asks for is seen, as the page's own is
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


PATIENCE: Final = 90.0
"""Seconds that a browser may take for anything: on an idle machine nothing takes more than a few."""

_EXEC: Final = """
import os, sys
reads, writes = int(sys.argv[1]), int(sys.argv[2])
high = os.dup(reads), os.dup(writes)
os.dup2(high[0], 3)
os.dup2(high[1], 4)
os.set_inheritable(3, True)
os.set_inheritable(4, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads its pipe at 3 and writes at 4, whatever numbers they have here."""


_KEYS: Final = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    " ": (32, " "),
    "ArrowUp": (38, ""),
    "ArrowDown": (40, ""),
}
"""Keys by which a page is used: the code that Chromium acts on, and the text that they give."""


_LEFT: Final = ("navigated or closed", "context was destroyed", "Cannot find context")
"""How DevTools says that a page gave way to the next before it had answered."""


CHROMIUM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
"""The Chromium on this machine; None when there is none."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")
"""Of tests that open a page."""


class PageLeft(AssertionError):
    """The page was left while it was asked something."""


class Page:
    """One page. Every call raises AssertionError when the browser reports a failure, TimeoutError when it
    says nothing.
    """

    def __init__(self, width: int, height: int, dark: bool = False) -> None:
        assert CHROMIUM is not None, "there is no Chromium here"
        self._profile = tempfile.mkdtemp(prefix="tidings-chromium-")
        reads, self._write = os.pipe()
        self._read, writes = os.pipe()
        chromium = [CHROMIUM, *FLAGS, f"--user-data-dir={self._profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _EXEC, str(reads), str(writes), *chromium],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(reads, writes),
        )  # fmt: skip
        os.close(reads)
        os.close(writes)
        self._number, self._left, self._session = 0, b"", ""
        self._asked: dict[str, str] = {}
        self.requests: list[str] = []
        self.refused: list[str] = []
        self.problems: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def __enter__(self) -> "Page":
        """The page itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the browser and remove its profile."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """One DevTools command and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    left = any(word in answer["error"]["message"] for word in _LEFT)
                    raise (PageLeft if left else AssertionError)(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._notice(answer)
        raise TimeoutError(method)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._read], [], [], PATIENCE)
            read = os.read(self._read, 1 << 16) if ready else b""
            if not read:
                raise TimeoutError("the browser says nothing or has ended")
            self._left += read
        message, _, self._left = self._left.partition(b"\0")
        value: dict[str, Any] = json.loads(message)
        return value

    def _notice(self, message: dict[str, Any]) -> None:
        given = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
            self._asked[given["requestId"]] = given["request"]["url"]
        elif message.get("method") == "Network.loadingFailed" and given.get("blockedReason"):
            self.refused.append(self._asked[given["requestId"]])  # by a policy, before it left
            self.requests.remove(self._asked[given["requestId"]])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(
                given["exceptionDetails"].get("exception", {}).get("description", "an exception")
            )
        elif message.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.problems.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")

    def speak(self, language: str) -> None:
        """Ask for pages in this language from now on."""
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def send(self, selector: str = "main form button") -> None:
        """Press a button that sends a form, and wait for the page that answers."""
        self.run("window.before = true")
        self.click(selector)
        self.wait("!window.before && document.readyState === 'complete'")
        self._drawn()

    def open(self, url: str) -> None:
        """Go there and wait until that page is loaded, not the one before it."""
        self._holds("window.before = true")
        went = self.call("Page.navigate", url=url)
        assert not went.get("errorText"), f"{url}: {went['errorText']}"
        left = (
            "!window.before && " if went.get("loaderId") else ""
        )  # a place on the same page is no other page
        self.wait(f"{left}document.readyState === 'complete'")
        self._drawn()

    def _drawn(self) -> None:
        """Wait for two frames: a page takes its autofocus with the first and drops input that comes before it."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = PATIENCE) -> None:
        """Wait until an expression is true, here or on the page that comes next; AssertionError when it does not
        become so.
        """
        until = time.monotonic() + seconds
        while not self._holds(script):
            assert time.monotonic() < until, f"never true: {script}"
            time.sleep(0.05)

    def wait_for(self, fact: Callable[[], object], what: str) -> None:
        """Wait until something is true of what the browser has told; AssertionError when it does not become so."""
        until = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < until, f"never true: {what}"
            self.run("new Promise(done => setTimeout(done, 25))")

    def _holds(self, script: str) -> bool:
        try:
            return bool(self.run(f"Boolean({script})"))
        except PageLeft:
            return False

    def fits(self) -> bool:
        """Whether nothing is wider than the screen. A phone's `innerWidth` would grow with what sticks out."""
        sides = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        wide, room = self.run(sides)
        return bool(wide <= room)

    def press(self, key: str) -> None:
        """Press and release a key, named as in `KeyboardEvent.key`."""
        code, text = _KEYS.get(key, (0, key if len(key) == 1 else ""))
        given = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **given, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a person would who has it in view."""
        self._drawn()
        box = self.run(
            f"(() => {{const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest', behavior: 'instant'}); const b = e.getClientRects()[0];"
            "return [b.x + b.width / 2, b.y + b.height / 2]})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def screenshot(self, path: Path) -> None:
        """Save what is seen as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
