"""Every head of the page has a meaning, in one list that docs/concepts.md repeats."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from tests.unit.page_source import SCRIPTS, Script

CONCEPTS = Path(__file__).parents[2] / "docs" / "concepts.md"
HEADS_MIN = 90  # what the test no longer finds is not checked: this number only grows
SCHEMA = Path(str(files("hypertally"))) / "store" / "schema.sql"
KEYS = {"wallet_id", "org_id", "day"}
NOT_HEADS = {"All"}  # a choice of a filter


def _pairs(script: Script) -> list[dict[str, str]]:
    """The objects of a script, each with its keys and the text of its values."""
    return [
        {
            child.child_by_field_name("key").text.decode().strip('"'): (
                child.child_by_field_name("value").text.decode()
            )
            for child in node.named_children
            if child.type == "pair"
        }
        for node in script.of_type("object")
    ]


def read_glossary() -> dict[str, str]:
    """The words and their meanings."""
    return {
        word: meaning.strip('"')
        for part in _pairs(SCRIPTS["vocabulary/glossary.js"])
        for word, meaning in part.items()
    }


def test_every_head_of_a_table_has_a_meaning() -> None:
    glossary = read_glossary()
    heads = [
        (path, text["label"].strip('"'))
        for path, script in SCRIPTS.items()
        for text in _pairs(script)
        if text.get("label", "").startswith('"') and "description" not in text
    ]
    assert len(heads) >= HEADS_MIN
    missing = {head for head in heads if head[1] not in glossary and head[1] not in NOT_HEADS}
    assert missing == set()


@pytest.mark.parametrize("table", ["wallet_day_metrics", "global_day_metrics"])
def test_every_column_that_a_restatement_may_name_has_a_word(table: str) -> None:
    (body,) = re.findall(
        rf"CREATE TABLE metrics\.{table} \((.+?)\n\)", SCHEMA.read_text(), re.DOTALL
    )
    columns = set(re.findall(r"^    ([a-z]\w+) ", body, re.MULTILINE)) - KEYS
    assert len(columns) > 25
    vocabulary = (SCRIPTS[f"vocabulary/{name}.js"] for name in ("measures", "record"))
    named = {name for script in vocabulary for part in _pairs(script) for name in part}
    assert columns - named == set()


def test_the_documented_concepts_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", CONCEPTS.read_text(), re.MULTILINE)
    documented = {word.replace("\\|", "|"): meaning for word, meaning in rows if word != "word"}
    assert documented == read_glossary()
