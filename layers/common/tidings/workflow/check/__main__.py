"""`python -m tidings.workflow.check workflows`."""

import sys

from tidings.workflow.check import main

if __name__ == "__main__":
    sys.exit(main())
