-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '60s';  -- reads every stored reject once

-- The market that a coin of the exchange belongs to, told by its name: spot is @107 or PURR/USDC,
-- outcome is #90, hip3 is xyz:TSLA, perp is every other name that begins with a letter or a digit.
-- Any other kind of name (~9, +30, $x) is other: nobody knows what is traded there, nor in what.
-- Inlined into the statements that call it, as it is a single expression without settings.
create or replace function facts.market_of(coin text) returns text
language sql immutable parallel safe
return case
    when ascii(coin) between 48 and 57 or ascii(coin) between 65 and 90
        or ascii(coin) between 97 and 122 or ascii(coin) > 127
    then case
        when coin like '%/%' then 'spot'
        when coin like '%:%' then 'hip3'
        else 'perp'
    end
    when coin ~ '^@[0-9]+$' then 'spot'
    when coin ~ '^#[0-9]+$' then 'outcome'
    else 'other'
end;

-- The time that a count of milliseconds since 1970 stands for.
create function facts.time_of_ms(ms bigint) returns timestamptz
language sql immutable parallel safe
return timestamptz '1970-01-01 00:00:00+00' + make_interval(secs => ms / 1000.0);

-- Whether a fill is dated more than five minutes ahead of our clock when its answer was asked for.
-- Such a fill is a reject today; earlier releases stored it, and it counts for nothing.
create function facts.is_ahead("time" timestamptz, page bigint) returns boolean
language sql stable parallel safe
return not exists (
    select from facts.pages as p
    where p.id = page and "time" <= p.asked_at + interval '5 minutes');

-- Where in the record of a wallet a fill belongs that could not be read: at its own time, where
-- that can be read; else between its neighbours in the answer.
create table facts.reject_windows (
    reject_id bigint primary key, -- facts.rejects.id
    wallet_id integer not null, -- tenancy.wallets.id
    from_at timestamptz not null, -- both ends inclusive
    to_at timestamptz not null, -- both ends inclusive
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    check (from_at <= to_at)
);
create index reject_windows_by_wallet on facts.reject_windows (wallet_id, to_at);

-- Rejects that were read later: by a newer release, or when the exchange gave the row again.
create table facts.decoded_rejects (
    reject_id bigint primary key, -- facts.rejects.id
    page_id bigint not null, -- facts.pages.id: the answer that the fill was read from
    inserted_at timestamptz not null default now() -- our clock, when the row was stored
);

-- Fields without a column that a stored fill had when the exchange gave it again, such as one that
-- it began to send later. What is read of both rows is the same.
create table facts.unread_fields (
    id bigint generated always as identity primary key, -- number of the row
    wallet_id integer not null, -- tenancy.wallets.id
    coin text not null, -- with the next four columns: the key of the stored fill
    time timestamptz not null, -- of the fill
    oid bigint not null, -- the order's id
    tid bigint, -- null: rows of 2023 have none
    side "char" not null, -- B buys, A sells
    fingerprint bigint not null, -- of the later row
    extra jsonb not null, -- every field of the later row that facts.hl_fills_raw has no column for
    page_id bigint not null, -- facts.pages.id: the answer the later row came in
    inserted_at timestamptz not null default now(), -- our clock, when the row was stored
    unique (wallet_id, fingerprint)
);

create index conflicts_by_day on facts.conflicts (wallet_id, time);

do $$
declare
    fact text;
begin
    foreach fact in array array['reject_windows', 'decoded_rejects', 'unread_fields'] loop
        execute format('create trigger append_only before update or delete on facts.%I
                        for each row execute function facts.refuse_change()', fact);
        execute format('create trigger no_truncate before truncate on facts.%I
                        for each statement execute function facts.refuse_change()', fact);
        execute format('grant select, insert on facts.%I to hypertally_facts', fact);
        execute format('grant select on facts.%I
                        to hypertally_metrics, hypertally_jobs, hypertally_api', fact);
        execute format('alter table facts.%I enable row level security', fact);
        execute format('alter table facts.%I force row level security', fact);
        execute format('create policy everything on facts.%I
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', fact);
    end loop;
end
$$;
create policy own_wallets on facts.reject_windows for select to hypertally_api
    using (exists (select from tenancy.org_wallets as o
                   where o.wallet_id = reject_windows.wallet_id));
create policy own_wallets on facts.unread_fields for select to hypertally_api
    using (exists (select from tenancy.org_wallets as o
                   where o.wallet_id = unread_fields.wallet_id));
create policy own_wallets on facts.decoded_rejects for select to hypertally_api
    using (exists (select from facts.reject_windows as w
                   where w.reject_id = decoded_rejects.reject_id));

-- The windows of the rejects that earlier releases stored: of a row with a time its time, of any
-- other the range that its page proves. Times are read from the text, as it may hold a character
-- that no jsonb can hold.
insert into facts.reject_windows (reject_id, wallet_id, from_at, to_at)
select r.id, r.wallet_id,
    facts.time_of_ms(coalesce(own.ms, p.covers_from_ms, p.first_ms, 0)),
    facts.time_of_ms(greatest(
        coalesce(own.ms, p.covers_to_ms, p.last_ms, 0),
        coalesce(own.ms, p.covers_from_ms, p.first_ms, 0)))
from facts.rejects as r
left join facts.pages as p on p.id = r.page_id
cross join lateral (
    select case when stated.ms <= 253402300799999 then stated.ms::bigint end as ms
    from (select substring(r.payload from '"time":([0-9]{1,15})[,}]')::numeric as ms) as stated
) as own
where r.wallet_id is not null
    and r.source in ('info.userFills', 'info.userFillsByTime', 'info.userTwapSliceFillsByTime');

-- How far the answers of the exchange prove a wallet's UTC days: `covered` by one at least, and
-- `confirmed` by one that was asked for an hour or more after the first that covers the same time,
-- and an hour or more after the last one that brought a fill of the day. No answer covers a time
-- after it was asked for. `but_page`: as if this answer had not come.
-- Of the answers that begin at one time, each is a first reading only from the end of the earlier
-- ones on, and a second reading only if no later one reaches as far: so many become few.
create function facts.day_readings(
    wallet integer, first_day date, last_day date, but_page bigint default null
) returns table (day date, covered tstzmultirange, confirmed tstzmultirange)
language sql stable parallel safe as $$
with answers as (
    select p.id, p.asked_at, facts.time_of_ms(p.covers_from_ms) as from_at,
        least(facts.time_of_ms(p.covers_to_ms + 1), p.asked_at) as to_at
    from facts.pages as p
    where p.wallet_id = wallet and p.closed
        and p.asked_at > first_day::timestamp at time zone 'UTC'
        and p.covers_from_ms
            < extract(epoch from (last_day + 1)::timestamp at time zone 'UTC') * 1000
        and p.id is distinct from but_page
), reaching as (
    select a.*,
        max(a.to_at) over (partition by a.from_at order by a.asked_at, a.id
                           rows between unbounded preceding and 1 preceding) as read_before,
        max(a.to_at) over (partition by a.from_at order by a.asked_at desc, a.id desc
                           rows between unbounded preceding and 1 preceding) as read_after
    from answers as a
    where a.from_at < a.to_at
), firsts as materialized (
    select d.day, r.asked_at, tstzrange(
        greatest(r.from_at, r.read_before, d.day::timestamp at time zone 'UTC'),
        least(r.to_at, (d.day + 1)::timestamp at time zone 'UTC')) as span
    from reaching as r
    cross join lateral (
        select first_day + n as day
        from generate_series(
            greatest(0, (greatest(r.from_at, r.read_before) at time zone 'UTC')::date - first_day),
            least(last_day, ((r.to_at - interval '1 microsecond') at time zone 'UTC')::date)
                - first_day) as n
    ) as d
    where r.read_before is null or r.read_before < r.to_at
), first_by_day as materialized (
    select f.day, range_agg(f.span) as covered, min(f.asked_at) as asked_at
    from firsts as f
    group by f.day
), seconds as materialized (
    select b.day, r.asked_at, tstzrange(
        greatest(r.from_at, b.day::timestamp at time zone 'UTC'),
        least(r.to_at, (b.day + 1)::timestamp at time zone 'UTC')) as span
    from first_by_day as b
    join reaching as r
        on r.asked_at >= b.asked_at + interval '1 hour'
        and r.from_at < (b.day + 1)::timestamp at time zone 'UTC'
        and r.to_at > b.day::timestamp at time zone 'UTC'
    where r.read_after is null or r.read_after < r.to_at
), news as materialized (
    -- Row by row through the keys: a join would read all answers.
    select s.day, (
        select max(p.asked_at)
        from (
            select distinct f.page_id
            from facts.hl_fills_raw as f
            where f.wallet_id = wallet
                and f.time >= s.day::timestamp at time zone 'UTC'
                and f.time < (s.day + 1)::timestamp at time zone 'UTC'
        ) as brought
        cross join lateral (
            select p.asked_at from facts.pages as p where p.id = brought.page_id offset 0
        ) as p) as asked_at
    from (select distinct seconds.day from seconds) as s
), confirmations as (
    select s.day, range_agg(s.span * f.span) as confirmed
    from seconds as s
    join news as n using (day)
    join firsts as f
        on f.day = s.day and f.asked_at <= s.asked_at - interval '1 hour' and f.span && s.span
    where n.asked_at is null or s.asked_at >= n.asked_at + interval '1 hour'
    group by s.day
)
select b.day, b.covered, coalesce(c.confirmed, '{}')
from first_by_day as b
left join confirmations as c using (day)
$$;

-- The completeness of a UTC day: the share of its time that is known, times the share of its rows
-- that could be read and have one content; below 1 as long as a part of it was read once only.
create function metrics.completeness(
    unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean
) returns numeric
language sql immutable parallel safe
return least(
    trunc((1 - unknown_ms / 86400000)
          * case when bad_rows = 0 then 1 else fills::numeric / (fills + bad_rows) end, 6),
    case when confirmed then 1 else 0.999999 end);

alter table metrics.wallet_day_metrics add column reasons jsonb not null default '[]'; -- what lowers completeness: [{kind, from_at, to_at, ms, rows}]
alter table metrics.global_day_metrics add column reasons jsonb not null default '[]'; -- what lowers completeness: [{kind, wallets, from_at, to_at, ms, rows}]

revoke all on function facts.time_of_ms, facts.is_ahead, facts.day_readings,
    metrics.completeness from public;
grant execute on function facts.time_of_ms, facts.is_ahead, facts.day_readings,
    metrics.completeness
    to hypertally_facts, hypertally_metrics, hypertally_jobs;
grant execute on function facts.time_of_ms, facts.is_ahead to hypertally_api;

-- migrate:down
-- forward only
