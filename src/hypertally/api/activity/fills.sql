-- name: list_fills :one
-- A page of a wallet's fills as a JSON array, newest first, and the key of its last row.
-- Two halves, because rows of 2023 have no trade id and have a separate index. The fingerprint
-- completes the key of a page; a missing trade id counts as -1, below every real trade id.
-- Reads: facts.hl_fills_raw
with numbered as (
    select f as fill, f.time, f.coin, f.oid, f.tid, f.side, f.ordinal, f.fingerprint
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s
        and f.tid is not null
        and f.time >= %(from_at)s::timestamptz
        and f.time < %(to_at)s::timestamptz
        and f.time <= %(at)s::timestamptz
        and (%(only_coin)s::text is null or f.coin = %(only_coin)s::text)
        and (f.time < %(at)s::timestamptz or (f.coin, f.oid, f.tid, f.side) < (
            %(coin)s::text, %(oid)s::bigint, %(tid)s::bigint, %(side)s::"char"))
    order by f.time desc, f.coin desc, f.oid desc, f.tid desc, f.side desc
    limit %(limit)s
),
unnumbered as (
    select f as fill, f.time, f.coin, f.oid, -1 as tid, f.side, f.ordinal, f.fingerprint
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s
        and f.tid is null
        and f.time >= %(from_at)s::timestamptz
        and f.time < %(to_at)s::timestamptz
        and f.time <= %(at)s::timestamptz
        and (%(only_coin)s::text is null or f.coin = %(only_coin)s::text)
        and (f.time < %(at)s::timestamptz
            or (f.coin, f.oid, -1, f.side, f.ordinal, f.fingerprint) < (
                %(coin)s::text, %(oid)s::bigint, %(tid)s::bigint, %(side)s::"char",
                %(ordinal)s::integer, %(fingerprint)s::bigint))
    order by f.time desc, f.coin desc, f.oid desc, f.side desc, f.ordinal desc, f.fingerprint desc
    limit %(limit)s
),
page as (
    select
        *,
        row_number() over (
            order by time desc, coin desc, oid desc, tid desc, side desc, ordinal desc,
                fingerprint desc
        ) as place
    from (select * from numbered union all select * from unnumbered) as either
    order by place
    limit %(limit)s
),
shown as (
    select
        to_char((p.fill).time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time,
        (p.fill).coin,
        (p.fill).side,
        trim_scale((p.fill).px)::text as px,
        trim_scale((p.fill).sz)::text as sz,
        trim_scale((p.fill).notional)::text as notional,
        trim_scale((p.fill).start_position)::text as start_position,
        (p.fill).dir,
        trim_scale((p.fill).closed_pnl)::text as closed_pnl,
        (p.fill).crossed,
        trim_scale((p.fill).fee)::text as fee,
        (p.fill).fee_token,
        trim_scale((p.fill).builder_fee)::text as builder_fee,
        trim_scale((p.fill).deployer_fee)::text as deployer_fee,
        (p.fill).oid,
        (p.fill).tid,
        '0x' || encode((p.fill).hash, 'hex') as hash,
        '0x' || encode((p.fill).cloid, 'hex') as cloid,
        (p.fill).twap_id,
        case when (p.fill).liquidation_method is not null
            or (p.fill).liquidated_user is not null then json_build_object(
                'liquidated_user', '0x' || encode((p.fill).liquidated_user, 'hex'),
                'mark_px', trim_scale((p.fill).liquidation_mark_px)::text,
                'method', (p.fill).liquidation_method
            )
        end as liquidation,
        (p.fill).extra,
        (p.fill).ordinal,
        (p.fill).page_id,
        to_char((p.fill).ingested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as ingested_at,
        (p.fill).fingerprint::text as fingerprint
    from page as p
    where p.place < %(limit)s
    order by p.place
)
select
    (select coalesce(json_agg(shown), '[]')::text from shown) as body,
    last.time, last.coin, last.oid, last.tid, last.side, last.ordinal, last.fingerprint
from (select count(*) as rows from page) as read
left join page as last on read.rows = %(limit)s and last.place = %(limit)s - 1;
