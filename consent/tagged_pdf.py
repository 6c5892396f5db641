"""One page of PDF that says what each of its parts is: headings, text, pictures with words for them, attached files."""

from __future__ import annotations

import functools
import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import XMP, PDFArray, PDFDictionary, PDFName, PDFStream, PDFString
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONTS = Path(__file__).with_name("fonts")
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
PRODUCER = "Vivavoce"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{producer}</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@functools.cache
def load_fonts() -> dict[str, frozenset[int]]:
    """Makes both faces known, once; the characters that each of them has."""
    faces = {}
    for name in (REGULAR, BOLD):
        font = TTFont(name, str(FONTS / f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        faces[name] = frozenset(font.face.charToGlyph)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return faces


def printable(text: str) -> bool:
    """Whether both faces have every character of the text, and none of them is invisible or turns the others round."""
    needed = {ord(character) for character in text}
    seen = all(unicodedata.category(character)[0] != "C" for character in text)
    return seen and all(needed <= characters for characters in load_fonts().values())


class TaggedPage:
    """One A4 page (ISO 32000-1, section 14.7); what is drawn outside `tagged` is mere decoration."""

    def __init__(self, *, title: str, author: str, subject: str, language: str) -> None:
        load_fonts()
        self._buffer = io.BytesIO()
        canvas = Canvas(self._buffer, pagesize=A4, lang=language, pageCompression=1, pdfVersion=(1, 7))
        self.canvas = cast("Any", canvas)
        self._document = self.canvas._doc  # noqa: SLF001 -- the library draws, and leaves structure to its callers
        self._root = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        self._body = self._node("Document", parent=self._root)
        self._root["K"] = self._document.Reference(self._body)
        self._parent = self._body
        self._kids: dict[int, list[Any]] = {id(self._body): []}
        self._marked: list[Any] = []
        self._files: list[Any] = []
        self._describe(title=title, author=author, subject=subject, language=language)

    @contextmanager
    def group(self, role: str) -> Iterator[None]:
        """Elements within this belong together, such as the items (`LI`) of a list (`L`)."""
        outer, self._parent = self._parent, self._child(role)
        self._kids[id(self._parent)] = []
        yield
        self._finish(self._parent)
        self._parent = outer

    @contextmanager
    def tagged(self, role: str, *, alt: str | None = None) -> Iterator[Any]:
        """What is drawn within this is one element; `alt` says a picture in words."""
        element = self._child(role)
        if alt is not None:
            element["Alt"] = PDFString(alt)
        number = len(self._marked)
        self._marked.append(self._document.Reference(element))
        element["K"], element["Pg"] = number, self._document.thisPageRef()
        self._draw(f"/{role} <</MCID {number}>> BDC")
        yield self.canvas
        self._draw("EMC")

    @contextmanager
    def decoration(self) -> Iterator[Any]:
        """What is drawn within this says nothing."""
        self._draw("/Artifact BMC")
        yield self.canvas
        self._draw("EMC")

    def attach(self, name: str, content: bytes, *, media_type: str, description: str) -> None:
        """Puts a file into the PDF, not compressed, so that even a plain search finds what is in it."""
        subtype = f"/{media_type.replace('/', '#2F')}"  # as ISO 32000-1, section 7.3.5 writes a stroke in a name
        stream = PDFStream(PDFDictionary({"Type": PDFName("EmbeddedFile"), "Subtype": subtype}), content=content)
        embedded = self._document.Reference(stream)
        stated = {
            "Type": PDFName("Filespec"),
            "F": PDFString(name),
            "UF": PDFString(name),
            "Desc": PDFString(description),
            "AFRelationship": PDFName("Source"),
            "EF": PDFDictionary({"F": embedded}),
        }
        self._files += [PDFString(name), self._document.Reference(PDFDictionary(stated))]

    def finish(self) -> bytes:
        """The whole file."""
        page_name = self._document.thisPageName()
        self.canvas.showPage()
        page = self._document.idToObject[page_name]
        _allow(page, "StructParents", "Tabs")
        page.StructParents, page.Tabs = 0, PDFName("S")
        self._finish(self._body)
        tree = PDFDictionary({"Nums": PDFArray([0, self._document.Reference(PDFArray(self._marked))])})
        self._root["ParentTree"], self._root["ParentTreeNextKey"] = self._document.Reference(tree), 1
        catalog = self._document.Catalog
        _allow(catalog, "AF")
        catalog.StructTreeRoot, catalog.MarkInfo = self._root, PDFDictionary({"Marked": "true"})
        if self._files:
            catalog.AF = PDFArray(self._files[1::2])
            catalog.Names = PDFDictionary({"EmbeddedFiles": PDFDictionary({"Names": PDFArray(self._files)})})
        self.canvas.save()
        return self._buffer.getvalue()

    def _describe(self, *, title: str, author: str, subject: str, language: str) -> None:
        self.canvas.setTitle(title)
        self.canvas.setAuthor(author)
        self.canvas.setSubject(subject)
        self.canvas.setCreator(PRODUCER)
        self.canvas.setProducer(PRODUCER)
        self.canvas.setViewerPreference("DisplayDocTitle", "true")
        said = {"title": title, "author": author, "subject": subject, "language": language, "producer": PRODUCER}
        packet = _XMP.format(**{name: escape(text) for name, text in said.items()})
        self._document.Catalog.Metadata = XMP(creator=lambda _document: packet.encode())

    def _child(self, role: str) -> Any:
        element = self._node(role, parent=self._parent)
        self._kids[id(self._parent)].append(self._document.Reference(element))
        return element

    def _node(self, role: str, *, parent: Any) -> Any:
        stated = {"Type": PDFName("StructElem"), "S": PDFName(role), "P": self._document.Reference(parent)}
        return PDFDictionary(stated)

    def _finish(self, element: Any) -> None:
        element["K"] = PDFArray(self._kids[id(element)])

    def _draw(self, operator: str) -> None:
        self.canvas._code.append(operator)  # noqa: SLF001 -- as above


def _allow(dictionary: Any, *names: str) -> None:
    """Lets one of the library's dictionaries have entries that it does not know."""
    dictionary.__NoDefault__ = [*dictionary.__NoDefault__, *names]
