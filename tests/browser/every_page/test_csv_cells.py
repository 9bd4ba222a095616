"""The page's own CSV files: what a spreadsheet would run is disarmed, and no number is touched."""

import csv
import io

import pytest
from tests.browser.screen import Screen

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
]
HARMLESS = ["-1.5", "+7", "0", "-0.00000001", "@107", "HYPE", "a=b", "'quoted", "", 'say "hi"']
AS_CSV = """
async (texts) => {
  const { saveRows } = await import("/ui/csv.js");
  let file = null;
  URL.createObjectURL = (blob) => { file = blob; return "#"; };
  HTMLAnchorElement.prototype.click = () => {};
  saveRows("texts.csv", [{ key: "text" }], texts.map((text) => ({ text })));
  return file.text();
}
"""


async def cells(screen: Screen, values: list[object]) -> list[str]:
    """What a reader of the file finds for these values."""
    await screen.open("#/nowhere")
    text = await screen.page.evaluate(AS_CSV, values)
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == ["text"]
    return [line[0] if line else "" for line in lines]


async def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(
    screen: Screen,
) -> None:
    assert await cells(screen, [*FORMULAS]) == [f"'{text}" for text in FORMULAS]


async def test_numbers_and_other_texts_stay_as_they_are(screen: Screen) -> None:
    assert await cells(screen, [*HARMLESS]) == HARMLESS
    values: list[object] = [-5, 12, "-1e-7", None, ["=1"], {"-": 1}]
    assert await cells(screen, values) == ["-5", "12", "-1e-7", "", '["=1"]', '{"-":1}']
