"""HTTP as an operator's command needs it: one request, one answer, JSON or not."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.deploy.errors import DeployError

PATIENCE: Final = 20
"""Seconds that an answer is waited for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; an empty object for anything else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class _Straight(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a key that is sent along is for this address only."""

    def redirect_request(self, *_: Any) -> None:
        """The redirection is the answer."""


_WEB: Final = urllib.request.build_opener(_Straight)


def post(address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST to an address; no redirection is followed. Raises DeployError when nobody answers."""
    return _ask(urllib.request.Request(address, body, dict(headers), method="POST"))


def get(address: str, headers: Mapping[str, str]) -> Answer:
    """GET of an address; no redirection is followed. Raises DeployError when nobody answers."""
    return _ask(urllib.request.Request(address, headers=dict(headers)))


def _ask(request: urllib.request.Request) -> Answer:
    if request.type not in ("http", "https"):
        raise DeployError(f"{request.full_url} is no address of the web")
    try:
        with _WEB.open(request, timeout=PATIENCE) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())
    except OSError as error:
        raise DeployError(f"{request.host} does not answer: {error}") from error
