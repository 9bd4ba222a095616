"""The definitions of a range of days are named with the newest version last."""

from hypertally.api.activity.explain_range import InputDay, list_definitions


def day(definition: str | None) -> InputDay:
    return InputDay(day="2026-03-01", definition=definition, digest=None, unpriced=[])


def test_versions_are_in_the_order_of_their_numbers() -> None:
    days = [day(definition) for definition in ("days/10", "days/9", None, "days/10", "days/2")]
    assert list_definitions(days) == ["days/2", "days/9", "days/10"]
