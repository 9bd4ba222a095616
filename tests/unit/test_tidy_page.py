"""The style of the page's scripts and styles, as a test."""

import re
from collections import Counter
from posixpath import dirname

import pytest
from tests.unit.page_source import PAGE, SCRIPTS, STYLES, VENDORED, Script, links

LINE_LETTERS_MAX = 100
SCRIPT_LINES_MAX = 260
STYLE_LINES_MAX = 220
FUNCTION_LINES_MAX = 70
FOLDER_FILES_MAX = 20  # of each kind
# What a test no longer finds is not checked, and nothing fails: these numbers only grow.
FOUND_MIN = {"scripts": 78, "styles": 19, "exports": 150, "classes": 220}

STARTED_BY_INDEX = {"app.js", "theme_boot.js"}
RE_EXPORTS = {"preact.js"}  # the one door to the vendored view library
# From the outside to the inside: a folder imports its own modules and those of later folders.
LAYERS = ("app.js", "frame", "pages", "components", "shell", "vocabulary")
BROWSER_NAMES = {
    "AbortSignal",
    "Array",
    "clearInterval",
    "BigInt",
    "Blob",
    "Boolean",
    "Date",
    "Error",
    "FormData",
    "HashChangeEvent",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "RegExp",
    "ResizeObserver",
    "Set",
    "String",
    "URL",
    "URLSearchParams",
    "addEventListener",
    "clearTimeout",
    "decodeURIComponent",
    "devicePixelRatio",
    "dispatchEvent",
    "document",
    "encodeURIComponent",
    "fetch",
    "getComputedStyle",
    "getSelection",
    "globalThis",
    "history",
    "localStorage",
    "location",
    "matchMedia",
    "navigator",
    "parseInt",
    "removeEventListener",
    "scrollTo",
    "sessionStorage",
    "setInterval",
    "setTimeout",
    "undefined",
}

by_script = pytest.mark.parametrize("path", SCRIPTS)
by_style = pytest.mark.parametrize("path", STYLES)


def imported_from(path: str) -> set[str]:
    """The names that other modules import from one."""
    return set().union(*(script.imports.get(path, set()) for script in SCRIPTS.values()))


def styled_classes() -> set[str]:
    return set().union(*(style.classes for style in STYLES.values()))


def test_everything_there_is_is_looked_at() -> None:
    found = {
        "scripts": len(SCRIPTS),
        "styles": len(STYLES),
        "exports": sum(len(script.exports) for script in SCRIPTS.values()),
        "classes": len(styled_classes()),
    }
    assert {name: count for name, count in found.items() if count < FOUND_MIN[name]} == {}


@by_script
def test_a_script_is_short_and_says_first_what_it_is_about(path: str) -> None:
    text = SCRIPTS[path].text
    assert text.startswith("// ")
    assert text.count("\n") <= SCRIPT_LINES_MAX


@by_script
def test_a_script_is_understood_whole_and_its_functions_are_small(path: str) -> None:
    assert [node.start_point.row + 1 for node in SCRIPTS[path].of_type("ERROR")] == []
    long = [line for line, lines in SCRIPTS[path].functions if lines > FUNCTION_LINES_MAX]
    assert long == [], f"{path}: long functions begin in lines {long}"


@by_style
def test_a_style_is_short_and_says_first_what_it_is_about(path: str) -> None:
    assert STYLES[path].text.startswith("/* ")
    assert STYLES[path].text.count("\n") <= STYLE_LINES_MAX
    assert STYLES[path].errors == []


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES])
def test_a_line_fits_a_screen(path: str) -> None:
    lines = (PAGE / path).read_text(encoding="utf-8").splitlines()
    long = [number for number, line in enumerate(lines, 1) if len(line) > LINE_LETTERS_MAX]
    assert long == []


@pytest.mark.parametrize("paths", [SCRIPTS, STYLES], ids=["scripts", "styles"])
def test_no_folder_holds_too_many_files(paths: dict[str, object]) -> None:
    counts = Counter(dirname(path) for path in paths)
    assert {name: count for name, count in counts.items() if count > FOLDER_FILES_MAX} == {}


def test_every_script_is_loaded_ahead_in_one_step() -> None:
    ahead = [path for path in links()["modulepreload"] if VENDORED not in path]
    assert sorted(ahead) == sorted(set(SCRIPTS) - STARTED_BY_INDEX)
    assert set(links()["script"]) >= STARTED_BY_INDEX


def test_every_style_is_linked() -> None:
    ours = [path for path in links()["stylesheet"] if VENDORED not in path]
    assert sorted(ours) == sorted(STYLES)


def test_every_address_of_the_index_is_a_file() -> None:
    assert [
        path for paths in links().values() for path in paths if not (PAGE / path).is_file()
    ] == []


@by_script
def test_a_script_is_imported_by_another(path: str) -> None:
    assert path in STARTED_BY_INDEX or imported_from(path), f"nobody imports {path}"


@by_script
def test_an_import_names_what_its_module_exports(path: str) -> None:
    for module, names in SCRIPTS[path].imports.items():
        assert (PAGE / module).is_file(), f"{path} imports {module}"
        if module in SCRIPTS and module not in RE_EXPORTS:
            assert names - SCRIPTS[module].exports == set()


@by_script
def test_an_export_is_imported_by_another_script(path: str) -> None:
    assert SCRIPTS[path].exports - imported_from(path) == set()


@by_script
def test_a_name_is_declared_or_the_browsers(path: str) -> None:
    script = SCRIPTS[path]
    assert set(script.name_counts) - script.declared_names - BROWSER_NAMES == set()


@by_script
def test_an_imported_name_is_used(path: str) -> None:
    script = SCRIPTS[path]
    imported = set().union(*script.imports.values(), set()) - {"*"}
    assert {name for name in imported if script.name_counts[name] < 2} == set()


def layer_of(path: str) -> int:
    top = path.partition("/")[0]
    return LAYERS.index(top if top in LAYERS else "shell")


@by_script
def test_imports_go_from_the_frame_inwards(path: str) -> None:
    outwards = [module for module in SCRIPTS[path].imports if layer_of(module) < layer_of(path)]
    assert outwards == []


def _is_used(name: str, words: set[str]) -> bool:
    """Whole, or put together from a beginning that ends in "-" and a word."""
    beginning, dash, rest = name.rpartition("-")
    return name in words or (f"{beginning}{dash}" in words and rest in words)


@by_style
def test_a_styled_class_is_used(path: str) -> None:
    words = set().union(*(script.words for script in SCRIPTS.values()))
    words |= set(re.findall(r"\bu-[\w-]+", _vendored()))
    assert {name for name in STYLES[path].classes if not _is_used(name, words)} == set()


def _vendored() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in (PAGE / VENDORED).glob("*.js"))


@by_script
def test_a_class_of_an_element_is_styled(path: str) -> None:
    assert SCRIPTS[path].element_classes - styled_classes() == set()


@pytest.mark.parametrize(
    ("source", "classes"),
    [
        ('html`<p class="a b">`', {"a", "b"}),
        ("html`<p class=${`a ${b ? 'c' : ''}`}>`", {"a", "c"}),
        ('html`<p class=${kind === "x" ? "y" : ""}>`', {"y"}),
        ("html`<p class=${`mark fill-${colour}`}>`", {"mark"}),
    ],
)
def test_classes_are_found_in_templates(
    source: str, classes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script("none.js")
    monkeypatch.setitem(script.__dict__, "text", source)
    assert script.element_classes == classes
