"""A browser, where there is one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.stage import chromium
from tests.servers import Missing, is_required


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, or one skip line that says how to get one."""
    try:
        with chromium() as found:
            yield found
    except Missing as missing:
        if is_required("browser"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
