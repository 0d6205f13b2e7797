"""Waiting for a page: its policy forbids the evaluation that Playwright's own waiting needs."""

import time

AT_REST = "document.querySelector('#screen h1') && !document.querySelector('[aria-busy=true]')"


def wait_until(page, expression, argument=None):
    """Ask the page until the expression is true, for a minute at most."""
    deadline = time.monotonic() + 60
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, f"{expression} has not come true at {page.url}"
        page.wait_for_timeout(20)


def wait_for_rest(page):
    """Wait until the page shows all that it was asked for, by its address, a pen or a click."""
    wait_until(page, AT_REST)
