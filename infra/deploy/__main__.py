"""`python -m infra.deploy COMMAND`, the command as in `USAGE`; STACK and what a command asks for come from the
environment.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import doctor, explain, operate, privacy, reconcile, release, reputation
from infra.deploy.errors import DeployError

USAGE: Final = (
    "deploy|destroy|rebuild ID|backfill|redrive|reconcile|doctor|explain WHO|export WHO|erase WHO"
    "|pause NAME|resume NAME|health"
)


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Does what the first argument says; returns the exit code."""
    try:
        return _run(arguments, environ)
    except DeployError as error:
        print(f"make {arguments[0] if arguments else 'deploy'}: {error}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(
            f"make {arguments[0]}: AWS says: {error}; check the credentials, the region and STACK",
            file=sys.stderr,
        )
        return 1


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    stack = environ.get("STACK", "")
    match list(arguments):
        case ["deploy"]:
            release.deploy(stack or "tidings", environ.get("PARAMETERS", "").split())
            print(operate.catch_up(operate.place(stack or "tidings")))
        case ["destroy"]:
            release.destroy(stack)
        case ["backfill"]:
            print(operate.backfill(operate.place(stack), environ.get("START", "") == "1"))
        case ["redrive"]:
            print(operate.redrive(operate.place(stack)))
        case ["erase", ""] if environ.get("SHOP", "") == "1":
            print(privacy.erase_shop(privacy.desk(stack), environ.get("CONFIRM", "")))
        case ["rebuild" | "explain" | "export" | "erase" as command, customer]:
            print(_of(command, customer.strip(), stack, environ))
        case ["reconcile"]:
            print(reconcile.run(operate.place(stack), environ, environ.get("SINCE", "")))
        case ["doctor"]:
            told, code = doctor.report(doctor.examine(stack, environ), environ.get("JSON", "") == "1")
            print(told)
            return code
        case _:
            print(_reputation(arguments, stack))
    return 0


def _reputation(arguments: Sequence[str], stack: str) -> str:
    match list(arguments):
        case ["pause", workflow]:
            return reputation.pause(reputation.desk(stack), workflow)
        case ["resume", workflow]:
            return reputation.resume(reputation.desk(stack), workflow)
        case ["health"]:
            return reputation.health(reputation.desk(stack))
        case _:
            raise DeployError(f"usage: python -m infra.deploy {USAGE}")


def _of(command: str, customer: str, stack: str, environ: Mapping[str, str]) -> str:
    """What is asked about one customer."""
    if not customer:
        raise DeployError(
            f"say which customer: make {command} CUSTOMER={'<id>' if command == 'rebuild' else '<e-mail or id>'}"
        )
    match command:
        case "rebuild":
            return operate.rebuild(operate.place(stack), customer)
        case "explain":
            return explain.run(stack, customer, as_json=environ.get("JSON", "") == "1")
        case "export":
            return privacy.export(privacy.desk(stack), customer)
    return privacy.erase(privacy.desk(stack), customer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
