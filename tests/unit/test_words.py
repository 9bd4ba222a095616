"""Names stay plain: old names do not return, and counts of vague names only fall."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "src" / "hypertally"
FOLDERS = ("src", "tests", "bench", "scripts")
PYTHON_FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))
PACKAGE_FILES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted(path for path in PACKAGE.rglob("*.js") if "vendor" not in path.parts)
FILES_MIN = {"Python files": 440, "package files": 245, "scripts": 60}
POSITIONAL_PARAMETERS_MAX = 3

# Names of modules and classes that said what something does to a reader who knew it already, with
# the name that says what it is.
OLD_MODULES = {
    "agenda": "timeline",
    "alert_restated": "restatement_size",
    "alert_words": "messages",
    "answering": "resource",
    "counts_first": "v1_counts",
    "explaining": "explain",
    "finished": "response_cache",
    "flights": "single_flight",
    "front": "gateway",
    "landing": "store_fill_page",
    "making": "sandbox",
    "mended": "v1_counterfactual",
    "notices": "notifications",
    "reach": "score_range",
    "running": "runtime",
    "scores_first": "v1_scores",
    "scoring": "score_arithmetic",
    "smart_money_stretch": "time_range",
    "sweep": "pagination",
    "tape": "wallet_history",
    "theme_first": "theme_boot",
    "twap_figures": "json_text",
    "verifying": "token_verification",
    "windows": "time_range",
    "server_protocol": "server",
    "wire": "server",
    "working": "worker",
    "worlds": "oracle_inputs",
}
OLD_CLASSES = {
    "Around": "Context",
    "Finished": "CachedResponse",
    "Flights": "SingleFlight",
    "Front": "Gateway",
    "Judged": "Evaluation",
    "Ready": "CachedResponse",
    "Standing": "AlertState",
}

# Local names that do not say what they hold, and how often each is assigned or taken as a
# parameter. These numbers only fall: name the value (`row`, `cursor`, `digest`) instead.
VAGUE_LOCALS_MAX: dict[str, dict[str, int]] = {
    "src": {
        "asked": 16,
        "found": 25,
        "given": 2,
        "gone": 1,
        "held": 23,
        "kept": 5,
        "known": 36,
        "made": 1,
        "one": 14,
        "said": 4,
        "seen": 4,
        "taken": 1,
        "told": 8,
        "wanted": 5,
        "what": 4,
    },
    "tests": {
        "asked": 19,
        "found": 149,
        "given": 6,
        "gone": 2,
        "held": 29,
        "kept": 16,
        "known": 11,
        "made": 22,
        "one": 139,
        "said": 18,
        "seen": 22,
        "taken": 8,
        "told": 33,
        "wanted": 9,
        "what": 0,
    },
}

# Classes that have their name from another class, and may: the sandbox is a program of its own
# with the same subjects, and a module of shapes holds the JSON form of the record of that name.
# The others wait for a name of their own; this list only gets shorter.
SAME_NAME = {
    "Activity",
    "Cursor",
    "Exits",
    "FeedState",
    "Gap",
    "PriceNeed",
    "Step",
}

# Functions with more positional parameters than a call can be read with; this list only gets
# shorter.
MANY_PARAMETERS: set[str] = {
    "metrics/smart_money/formulas/playbook_matrix.py:look_up_advice",
    "metrics/smart_money/signal_rows.py:locked_row",
}


def read_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_the_files_are_found() -> None:
    counts = {
        "Python files": len(PYTHON_FILES),
        "package files": len(PACKAGE_FILES),
        "scripts": len(SCRIPTS),
    }
    assert {name: count for name, count in counts.items() if count < FILES_MIN[name]} == {}


def test_no_module_has_an_old_name() -> None:
    paths = [path for path in (*PYTHON_FILES, *SCRIPTS) if path.stem in OLD_MODULES]
    assert [f"{path.stem}: name it {OLD_MODULES[path.stem]}" for path in paths] == []


def test_no_class_has_an_old_name() -> None:
    names = {node.name for path in PACKAGE_FILES for node in _classes(path)}
    assert {name: OLD_CLASSES[name] for name in names & set(OLD_CLASSES)} == {}


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    return (node for node in read_tree(path).body if isinstance(node, ast.ClassDef))


@pytest.mark.parametrize("folder", VAGUE_LOCALS_MAX)
def test_vague_local_names_only_get_fewer(folder: str) -> None:
    allowed = VAGUE_LOCALS_MAX[folder]
    counts = Counter(
        name for path in (PROJECT / folder).rglob("*.py") for name in _bound_names(read_tree(path))
    )
    assert {name: counts[name] for name, most in allowed.items() if counts[name] > most} == {}


def _bound_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def test_a_class_name_means_one_thing() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path in PACKAGE_FILES:
        if path.is_relative_to(PACKAGE / "sandbox") or path.stem.endswith("shapes"):
            continue
        for node in _classes(path):
            if not node.name.startswith("_"):
                modules[node.name].append(relative(path))
    several = {name: places for name, places in modules.items() if len(places) > 1}
    assert {name: several[name] for name in several.keys() - SAME_NAME} == {}


def test_a_function_takes_few_positional_parameters() -> None:
    functions = {
        f"{relative(path)}:{function.name}"
        for path in PACKAGE_FILES
        for function in _public_functions(read_tree(path))
        if len(_positional(function)) > POSITIONAL_PARAMETERS_MAX
    }
    assert functions - MANY_PARAMETERS == set()


def _public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for node in (node for body in bodies for node in body):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and not _is_endpoint(node):
            yield node


def _is_endpoint(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the web framework calls the function, with every parameter by name."""
    decorators = map(ast.unparse, function.decorator_list)
    return any(decorator.startswith("router.") for decorator in decorators)


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    parameters = [*function.args.posonlyargs, *function.args.args]
    return [parameter.arg for parameter in parameters if parameter.arg not in {"self", "cls"}]
