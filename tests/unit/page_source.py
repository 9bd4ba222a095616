"""The page's scripts, styles and index.html as parsers see them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from posixpath import dirname, normpath

import tinycss2
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

PAGE = Path(str(files("hypertally"))) / "ui"
VENDORED = "vendor"
PARSER = Parser(Language(tree_sitter_javascript.language()))
WORD = re.compile(r"[A-Za-z][\w-]*")
# A substitution of a template while its text is searched: its number between two marks.
HOLE = re.compile("\0(\\d+)\0")
CLASS_ATTRIBUTE = re.compile('\\bclass=(?:"([^"]*)"|\0(\\d+)\0)')
BINDINGS = {"identifier", "shorthand_property_identifier_pattern"}
FUNCTIONS = {"function_declaration", "function_expression", "arrow_function", "method_definition"}


@dataclass(frozen=True)
class Script:
    """One module of the page; `path` is relative to the page's folder."""

    path: str

    @cached_property
    def text(self) -> str:
        """The source."""
        return (PAGE / self.path).read_text(encoding="utf-8")

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node of the syntax tree, from the top."""
        return list(_nodes(PARSER.parse(self.text.encode()).root_node))

    def of_type(self, *types: str) -> list[Node]:
        """The nodes of these types."""
        return [node for node in self.nodes if node.type in types]

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """The imported names by the path of the module they come from; "*" is all of them."""
        found: dict[str, set[str]] = {}
        for statement in self.of_type("import_statement", "export_statement"):
            source = statement.child_by_field_name("source")
            if source is None:
                continue
            module = normpath(f"{dirname(self.path)}/{_text(source)[1:-1]}")
            names = {
                _text(_field(node, "name"))
                for node in _nodes(statement)
                if node.type == "import_specifier"
            }
            found.setdefault(module.lstrip("/"), set()).update(names or {"*"})
        return found

    @cached_property
    def exports(self) -> set[str]:
        """The names that other modules may import."""
        found: set[str] = set()
        for statement in self.of_type("export_statement"):
            declared = statement.child_by_field_name("declaration")
            if declared is None:
                continue
            names = [declared, *declared.named_children]
            found |= {_text(name) for one in names if (name := one.child_by_field_name("name"))}
        return found

    @cached_property
    def declared_names(self) -> set[str]:
        """Every name this module declares or imports, in whatever scope."""
        found = {
            _text(node.child_by_field_name("alias") or _field(node, "name"))
            for node in self.of_type("import_specifier")
        }
        for node in self.of_type("function_declaration", "class_declaration"):
            found.add(_text(_field(node, "name")))
        places = {
            "variable_declarator": "name",
            "formal_parameters": "",
            "arrow_function": "parameter",
            "for_in_statement": "left",
            "catch_clause": "parameter",
        }
        for node in self.of_type(*places):
            place = places[node.type]
            target = node.child_by_field_name(place) if place else node
            if target is not None:
                found |= set(_bound_names(target))
        return found

    @cached_property
    def name_counts(self) -> Counter[str]:
        """How often each name stands in the source, its declaration included."""
        names = self.of_type("identifier", "shorthand_property_identifier")
        return Counter(map(_text, names))

    @cached_property
    def functions(self) -> list[tuple[int, int]]:
        """The first line and the number of lines of every function."""
        return [
            (node.start_point.row + 1, node.end_point.row - node.start_point.row + 1)
            for node in self.of_type(*FUNCTIONS)
        ]

    @cached_property
    def words(self) -> set[str]:
        """Every word in a text of this module; a word that ends in "-" may be a beginning."""
        fragments = self.of_type("string_fragment")
        return {word for node in fragments for word in WORD.findall(_text(node))}

    @cached_property
    def element_classes(self) -> set[str]:
        """The classes that elements are given in plain sight."""
        found: set[str] = set()
        for template in self.of_type("template_string"):
            holes = [node for node in template.children if node.type == "template_substitution"]
            text = "".join(
                f"\0{holes.index(node)}\0" if node in holes else _text(node)
                for node in template.children
            )
            for attribute in CLASS_ATTRIBUTE.finditer(text):
                plain, number = attribute.groups()
                if number is None:
                    found |= set(WORD.findall(HOLE.sub("\0", plain)))
                else:
                    found |= set(_class_words(holes[int(number)]))
        return found


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _field(node: Node, name: str) -> Node:
    child = node.child_by_field_name(name)
    assert child is not None
    return child


def _bound_names(pattern: Node) -> Iterator[str]:
    if pattern.type in BINDINGS:
        yield _text(pattern)
    elif pattern.type in {"assignment_pattern", "object_assignment_pattern"}:
        yield from _bound_names(_field(pattern, "left"))
    elif pattern.type == "pair_pattern":
        yield from _bound_names(_field(pattern, "value"))
    else:
        for child in pattern.named_children:
            yield from _bound_names(child)


def _class_words(expression: Node) -> Iterator[str]:
    """The words an expression may put into a class attribute, without those it compares with."""
    if expression.type == "binary_expression":
        return
    if expression.type == "string_fragment":
        words = WORD.findall(_text(expression))
        following = expression.next_sibling
        joined = following is not None and following.type == "template_substitution"
        # `fill-${colour}` is the beginning of a class, not a class.
        yield from words[:-1] if joined and not _text(expression).endswith(" ") else words
    for child in expression.children:
        yield from _class_words(child)


@dataclass(frozen=True)
class Style:
    """One stylesheet of the page."""

    path: str

    @cached_property
    def text(self) -> str:
        """The source."""
        return (PAGE / self.path).read_text(encoding="utf-8")

    @cached_property
    def classes(self) -> set[str]:
        """The classes that its rules select."""
        rules = tinycss2.parse_stylesheet(self.text, skip_comments=True, skip_whitespace=True)
        return set(_selected_classes(rules))

    @cached_property
    def errors(self) -> list[str]:
        """What the parser could not read."""
        rules = tinycss2.parse_stylesheet(self.text)
        return [rule.message for rule in rules if rule.type == "error"]


def _selected_classes(rules: list[tinycss2.ast.Node]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword == "media":
            yield from _selected_classes(tinycss2.parse_rule_list(rule.content))
        elif rule.type == "qualified-rule":
            yield from _dotted_names(rule.prelude)


def _dotted_names(tokens: list[tinycss2.ast.Node]) -> Iterator[str]:
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "ident" and before is not None and before == ".":
            yield token.value
        if token.type == "function":
            yield from _dotted_names(token.arguments)


class _Links(HTMLParser):
    """The addresses index.html names, by what they are for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        purpose = "script" if tag == "script" else named.get("rel")
        address = named.get("src") or named.get("href")
        if purpose and address:
            self.found.setdefault(purpose, []).append(address.removeprefix("/ui/"))


def links() -> dict[str, list[str]]:
    """The page's own addresses in index.html: scripts, stylesheets, preloaded modules."""
    parser = _Links()
    parser.feed((PAGE / "index.html").read_text(encoding="utf-8"))
    return parser.found


def _paths(pattern: str) -> list[str]:
    found = (path.relative_to(PAGE) for path in PAGE.rglob(pattern))
    return sorted(path.as_posix() for path in found if VENDORED not in path.parts)


SCRIPTS = {path: Script(path) for path in _paths("*.js")}
STYLES = {path: Style(path) for path in _paths("*.css")}
