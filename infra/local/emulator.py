"""Starts MiniStack with three of its habits changed, which two cores would not bear.

A hundred journeys that wake at once must not become a hundred Python processes: each function has a few
workers and the rest queue (none of ours invokes another and waits for it, so nobody waits for himself).
An invocation that logs nothing must not be held for 50 ms in case it does. And the runtime API answers in two
small packets, of which Nagle's algorithm holds the second for 40 ms.
"""

import threading
from collections import defaultdict
from functools import partialmethod
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

WORKERS: Final = 3
"""Processes for each function."""


def main() -> None:
    """Runs the embedded AWS until it is stopped; its settings are environment variables."""
    from ministack import app
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    gates: dict[str, threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(WORKERS))
    execute = lambda_svc._execute_function_provided_warm

    def execute_in_turn(func: dict[str, Any], event: Any, request_id: str) -> Any:
        with gates[(func.get("config") or func)["FunctionName"]]:
            return execute(func, event, request_id)

    lambda_svc._execute_function_provided_warm = execute_in_turn
    worker = lambda_runtime.ProvidedWorker
    worker._drain_stderr_bounded = partialmethod(
        worker._drain_stderr_bounded, first_line_wait=0.002, idle_confirm=0.001
    )
    BaseHTTPRequestHandler.disable_nagle_algorithm = True
    app.main()


if __name__ == "__main__":
    main()
