"""Somebody at the browser, for tests: logs in and registers vendors by the form, until the server is gone.

`python -m tests.ledger.web_writing URL PASSWORD FILE` notes the name of each vendor that the server said it registered.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from itertools import count
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener


class _Form(HTMLParser):
    """What a browser would send of a page's form if nobody typed anything."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name, value = said.get("name") or "", said.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in said or self._select not in self.values):
            self.values[self._select] = value
        elif tag == "input" and name and said.get("type") not in {"checkbox", "radio"}:
            self.values[name] = value


def main(url: str, password: str, path: str) -> None:
    opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def send(page: str, **values: str) -> str:
        """Fill in the form of a page and send it. Returns the address that one is led to."""
        with opener.open(url + page, timeout=30) as form:
            data = urlencode({**_Form(form.read().decode()).values, **values}).encode()
        with opener.open(Request(url + page, data, {"Referer": url + page}), timeout=30) as answer:
            return str(answer.url)

    send("/login/", username="webster", password=password)
    with Path(path).open("a") as log:
        for number in count():
            name = f"By the browser {number}"
            if re.search(r"/vendors/VEN-\d+/$", send("/vendors/new/", name=name)):
                log.write(f"{name}\n")
                log.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
