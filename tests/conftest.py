"""How tests are spread over workers: whoever shares a running stack or a browser stays together, the rest fills up."""

from pathlib import Path

import pytest

TOGETHER = ("e2e", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of these folders on one worker each."""
    folders = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(folders).parts[0]
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
