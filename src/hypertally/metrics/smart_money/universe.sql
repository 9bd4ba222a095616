-- name: rank_leaderboard :many
-- The wallets of a stored answer, highest first, and why a wallet is left out: no volume in the
-- month or the week according to the answer, or no perp leg for a week although pages prove that
-- the fills of the week are known.
-- Reads: facts.leaderboard_rows, tenancy.wallets, facts.pages, facts.hl_fills_raw   Writes: -   Key: wallet
select l.wallet, l.pnl_30d, l.volume_30d, l.fingerprint,
    case
        when l.volume_30d = 0 then 'no_volume_30d'
        when jsonb_path_query_first(
            l.raw_payload, 'strict $.windowPerformances[*] ? (@[0] == "week")[1].vlm', '{}', true
        ) #>> '{}' ~ '^0+([.]0*)?$' then 'no_volume_7d'
        when proof.since <= %(taken_at)s::timestamptz - %(passive_after)s::interval
            and proof.until >= %(taken_at)s::timestamptz - interval '1 day' and not exists (
                select from facts.hl_fills_raw as f
                where f.wallet_id = w.id and f.coin !~ '[@/#]'
                    and f.time > %(taken_at)s::timestamptz - %(passive_after)s::interval
                    and f.time <= %(taken_at)s::timestamptz)
        then 'no_perp_leg_7d'
    end as passed_over
from (
    select wallet, pnl_30d, volume_30d, raw_payload, fingerprint
    from facts.leaderboard_rows
    where page_id = %(page_id)s
    order by pnl_30d desc, wallet
    limit %(limit)s
) as l
left join tenancy.wallets as w on w.address = decode(substr(l.wallet, 3), 'hex')
left join lateral (
    select to_timestamp(first.covers_from_ms / 1000.0) as since,
        to_timestamp(last.covers_to_ms / 1000.0) as until
    from (
        select p.covers_from_ms from facts.pages as p
        where p.wallet_id = w.id and p.closed
        order by p.asked_at
        limit 1
    ) as first
    cross join (
        select p.covers_to_ms from facts.pages as p
        where p.wallet_id = w.id and p.closed and p.asked_at <= %(taken_at)s
        order by p.asked_at desc
        limit 1
    ) as last
) as proof on true
order by l.pnl_30d desc, l.wallet;

-- name: rank_own_facts :many
-- The tracked wallets by realised PnL less fees of the 30 UTC days before, and why a wallet is left
-- out. A wallet with an unknown day cannot be ranked and stands last.
-- Reads: tenancy.org_wallets, tenancy.wallets, metrics.wallet_day_metrics, facts.hl_fills_raw   Writes: -   Key: wallet
with days as (
    select t.wallet_id, sum(m.gross_realised_pnl_usd - m.fees_usd) as pnl_30d,
        sum(m.perp_volume_usd) as volume_30d,
        bool_or(m.day is not null and (m.gross_realised_pnl_usd is null or m.fees_usd is null
                                       or m.perp_volume_usd is null)) as unknown,
        coalesce(sum(hashtextextended(m.digest, 0)::numeric), 0) as fingerprint
    from (select distinct wallet_id from tenancy.org_wallets where to_day is null) as t
    left join metrics.wallet_day_metrics as m on m.wallet_id = t.wallet_id
        and m.day >= (%(taken_at)s::timestamptz at time zone 'UTC')::date - 30
        and m.day < (%(taken_at)s::timestamptz at time zone 'UTC')::date
    group by t.wallet_id
)
select '0x' || encode(w.address, 'hex') as wallet, coalesce(d.pnl_30d, 0) as pnl_30d, d.volume_30d,
    d.fingerprint,
    case
        when d.unknown then 'unknown_pnl'
        when coalesce(d.volume_30d, 0) = 0 then 'no_volume_30d'
        when not exists (
            select from facts.hl_fills_raw as f
            where f.wallet_id = w.id and f.coin !~ '[@/#]'
                and f.time > %(taken_at)s::timestamptz - %(passive_after)s::interval
                and f.time <= %(taken_at)s::timestamptz)
        then 'no_perp_leg_7d'
    end as passed_over
from days as d
join tenancy.wallets as w on w.id = d.wallet_id
order by d.unknown, coalesce(d.pnl_30d, 0) desc, 1;

-- name: insert_run :one
-- Store a run.
-- Reads: -   Writes: metrics.wallet_universe_runs   Key: id
insert into metrics.wallet_universe_runs (
    taken_at, source, page_id, status, rows_seen, rows_valid, members, excluded, entered, exited,
    churn, error_text, definition, digest)
values (
    %(taken_at)s, %(source)s, %(page_id)s, %(status)s, %(rows_seen)s, %(rows_valid)s, %(members)s,
    %(excluded)s, %(entered)s, %(exited)s, %(churn)s, %(error_text)s, %(definition)s, %(digest)s)
returning id;

-- name: insert_members :execrows
-- Store the wallets of a run.
-- Reads: tenancy.wallets   Writes: metrics.wallet_universe_members   Key: (run_id, wallet_id)
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d, volume_30d)
select %(run_id)s, w.id, u.wallet, u.rank, u.pnl_30d, u.volume_30d
from unnest(
    %(wallets)s::text[], %(ranks)s::integer[], %(pnl_30d)s::numeric[], %(volume_30d)s::numeric[]
) as u (wallet, rank, pnl_30d, volume_30d)
join tenancy.wallets as w on w.address = decode(substr(u.wallet, 3), 'hex');

-- name: list_known :many
-- The members of the last universe that was chosen by a time.
-- Reads: metrics.wallet_universe_runs, metrics.wallet_universe_members   Writes: -   Key: wallet_id
select m.run_id, m.wallet_id, m.wallet
from metrics.wallet_universe_members as m
where m.run_id = (
    select r.id from metrics.wallet_universe_runs as r
    where r.status = 'chosen' and r.taken_at <= %(at)s
    order by r.taken_at desc, r.id desc
    limit 1)
order by m.wallet;

-- name: list_watched :many
-- The recent members: later rows show the results of those who left.
-- Reads: metrics.wallet_universe_runs, metrics.wallet_universe_members   Writes: -   Key: wallet
select distinct m.wallet
from metrics.wallet_universe_runs as r
join metrics.wallet_universe_members as m on m.run_id = r.id
where r.status = 'chosen' and r.taken_at > %(at)s::timestamptz - %(watched_after)s::interval
order by 1;

-- name: list_survivorship :many
-- Each time a wallet left: its last rank and PnL, and its PnL of the 30 days after, from the first
-- leaderboard of the day after these 30 days.
-- Reads: metrics.wallet_universe_runs, metrics.wallet_universe_members, facts.leaderboard_rows   Writes: -   Key: (wallet, left_at)
select gone.wallet, r.taken_at as left_at, before.rank as last_rank, before.pnl_30d as last_pnl_30d,
    later.pnl_30d as pnl_30d_after, later.taken_at as told_at,
    case
        when later.taken_at is not null then null
        when newest.taken_at < r.taken_at + interval '31 days' then 'not told yet'
        else 'the leaderboard did not name it'
    end as unknown
from metrics.wallet_universe_runs as r
cross join unnest(r.exited) as gone (wallet)
cross join (
    select coalesce(max(taken_at), '-infinity') as taken_at from metrics.wallet_universe_runs
) as newest
left join lateral (
    select m.rank, m.pnl_30d
    from metrics.wallet_universe_runs as earlier
    join metrics.wallet_universe_members as m on m.run_id = earlier.id
    where earlier.status = 'chosen' and earlier.taken_at < r.taken_at and m.wallet = gone.wallet
    order by earlier.taken_at desc
    limit 1
) as before on true
left join lateral (
    select l.pnl_30d, l.taken_at
    from facts.leaderboard_rows as l
    where l.wallet = gone.wallet and l.taken_at >= r.taken_at + interval '30 days'
        and l.taken_at < r.taken_at + interval '31 days'
    order by l.taken_at
    limit 1
) as later on true
where r.status = 'chosen'
order by r.taken_at, gone.wallet;
