"""`python -m infra.deploy deploy|destroy|rebuild ID|backfill|redrive|export WHO|erase WHO`; STACK, PARAMETERS, START,
SHOP and CONFIRM come from the environment.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import operate, privacy, release
from infra.deploy.errors import DeployError


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Does what the first argument says; returns the exit code."""
    stack = environ.get("STACK", "")
    try:
        match list(arguments):
            case ["deploy"]:
                release.deploy(stack or "tidings", environ.get("PARAMETERS", "").split())
                print(operate.catch_up(operate.place(stack or "tidings")))
            case ["destroy"]:
                release.destroy(stack)
            case ["rebuild", customer] if customer:
                print(operate.rebuild(operate.place(stack), customer))
            case ["rebuild", *_]:
                raise DeployError("say which customer: make rebuild CUSTOMER=<id>")
            case ["backfill"]:
                print(operate.backfill(operate.place(stack), environ.get("START", "") == "1"))
            case ["redrive"]:
                print(operate.redrive(operate.place(stack)))
            case ["export", customer]:
                print(privacy.export(privacy.desk(stack), customer))
            case ["erase", ""] if environ.get("SHOP", "") == "1":
                print(privacy.erase_shop(privacy.desk(stack), environ.get("CONFIRM", "")))
            case ["erase", customer]:
                print(privacy.erase(privacy.desk(stack), customer))
            case _:
                raise DeployError(
                    "usage: python -m infra.deploy deploy|destroy|rebuild ID|backfill|redrive|export WHO|erase WHO"
                )
    except DeployError as error:
        print(f"make {arguments[0] if arguments else 'deploy'}: {error}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(
            f"make {arguments[0]}: AWS says: {error}; check the credentials, the region and STACK",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
