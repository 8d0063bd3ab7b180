"""Waiting for a page."""


def wait_until(page, check, seconds=30):
    """Wait until a check of the page is true. The page's policy forbids Playwright's own waiting for a function."""
    for _ in range(20 * seconds):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f'not within {seconds} s; the page says {page.locator("#status").inner_text()!r}')


def entries(page):
    """Number of entries of the timeline."""
    return int(page.locator('.timeline canvas').get_attribute('data-entries') or 0)
