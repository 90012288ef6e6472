"""`python -m infra.local up|down`: starts or stops the local stack in build/local."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from infra.local.errors import LocalError
from infra.local.options import from_environment
from infra.local.stack import Stack
from tidings.workflow import build


def main(arguments: Sequence[str]) -> int:
    """Does what the argument says, with PORT, SPEED and ORIGIN of the environment; returns the exit code."""
    if list(arguments) not in (["up"], ["down"]):
        print("usage: python -m infra.local up|down", file=sys.stderr)
        return 2
    try:
        stack = Stack(from_environment(os.environ, datetime.now(UTC)))
        _up(stack) if arguments == ["up"] else _down(stack)
    except LocalError as error:
        print(f"make {arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


def _up(stack: Stack) -> None:
    if stack.is_up():
        print(f"the embedded AWS is up already ({stack.options.outputs}); make down stops it")
        return
    if build.main([]):  # only now: a running stack must not lose what it runs from
        raise LocalError("the workflows do not build: mend what is named above (make check)")
    began = time.monotonic()
    outputs = stack.up()
    print(f"the embedded AWS is up in {time.monotonic() - began:.1f} s: {outputs['endpoint_url']}")
    print(f"webhooks {outputs['api_url']}/webhooks/shopify")
    print(f"inbox    {outputs['inbox_url']}")


def _down(stack: Stack) -> None:
    stopped = stack.down()
    print(f"stopped {' and '.join(stopped)}" if stopped else "the embedded AWS was not up")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
