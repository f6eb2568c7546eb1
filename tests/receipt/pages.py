"""Reading a page as a test does: its elements, its words, and their language."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "rect", "line", "circle"}


class Page(HTMLParser):
    """Elements with their attributes; closing tags must match, so that no text eats a tag.

    `words` is the text outside the styles; `foreign` that inside elements with a language of their
    own, and `own` the rest.
    """

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.words, self.own, self.foreign = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if any(tag in ("style", "title") for tag, _ in self.open):
            return
        self.words.append(data)
        marked = any("lang" in attributes for tag, attributes in self.open if tag != "html")
        (self.foreign if marked else self.own).append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def classed(self, name):
        return [e for _, e in self.elements if name in e.get("class", "").split()]
