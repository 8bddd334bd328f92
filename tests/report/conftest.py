"""Reads pages as a browser would: tags, pictures, text, and tags that are not closed."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects tags, pictures and text, and finds tags that are not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.pieces: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.pieces.append(data)

    def alts(self, start: str) -> list[str]:
        return [attrs["alt"] for tag, attrs in self.tags if tag == "img" and attrs["alt"].startswith(start)]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def words(self) -> str:
        """Returns the text with one space between all words and all elements."""
        return " ".join(" ".join(self.pieces).split())


@pytest.fixture
def read() -> Callable[[str], Reader]:
    """What makes a `Reader` of a page; it must be closed and load and run nothing."""

    def checked(page: str) -> Reader:
        reader = Reader(page)
        assert reader.open == []
        links = [attrs[key] for _, attrs in reader.tags for key in ("src", "href", "srcset") if key in attrs]
        assert all(link.startswith("data:image/") for link in links)
        assert not {"script", "link", "iframe", "object", "b"} & {tag for tag, _ in reader.tags}
        assert not any(name.startswith("on") for _, attrs in reader.tags for name in attrs)
        return reader

    return checked
