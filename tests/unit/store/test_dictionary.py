"""What migrations say of a table and its columns, in comments and in `comment on`."""

from pathlib import Path

from hypertally.store.dictionary import read_dictionary

FIRST = """\
-- Every fill of a wallet,
-- as it came.
create table facts.fills (
    time timestamptz not null, -- the fill's time, UTC
    side char(1) check (side in ('A', 'B')), -- A ask, B bid
    unique (time, side)
);
alter table facts.fills
    add column note text; -- what was seen
"""
SECOND = """\
comment on column facts.fills.side is 'the maker''s side, '
    'of the book';
create view metrics.fills as select time from facts.fills;
create table metrics.signals (
    time timestamptz not null -- the end of the period
);
create view metrics.latest_signal with (security_invoker = true) as
select * from metrics.signals order by time desc limit 1;
create view public.latest_signal as select * from metrics.latest_signal;
"""


def test_a_later_migration_replaces_the_words_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_text(FIRST, encoding="utf-8")
    (tmp_path / "0002_second.sql").write_text(SECOND, encoding="utf-8")
    dictionary = read_dictionary(tmp_path)
    assert dictionary.words_of("facts.fills") == "Every fill of a wallet, as it came."
    assert dictionary.words_of("facts.fills", "side") == "the maker's side, of the book"
    assert dictionary.words_of("facts.fills", "note") == "what was seen"
    # A view has the words of the table that it is named after, and its columns those of the
    # columns that it reads.
    assert dictionary.words_of("metrics.fills") == "Every fill of a wallet, as it came."
    assert dictionary.words_of("metrics.fills", "time") == "the fill's time, UTC"
    for view in ("metrics.latest_signal", "public.latest_signal"):
        assert dictionary.words_of(view, "time") == "the end of the period"
    assert dictionary.words_of("facts.fills", "unique") is None
