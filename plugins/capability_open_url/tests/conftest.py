"""A browser that remembers what it was told to open."""

import webbrowser

import pytest


class Browser(webbrowser.BaseBrowser):
    def __init__(self):
        super().__init__("counting")
        self.opened = []
        self.takes = True

    def open(self, url, new=0, autoraise=True):
        self.opened.append((url, new))
        return self.takes


@pytest.fixture
def browser(monkeypatch):
    made = Browser()
    monkeypatch.setattr(webbrowser, "get", lambda *_: made)
    monkeypatch.setenv("DISPLAY", ":0")
    return made
