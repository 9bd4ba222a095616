-- name: list_wallets :many
-- The addresses of wallets of the caller's org.
-- Reads: tenancy.wallets
select id, '0x' || encode(address, 'hex') as wallet
from tenancy.wallets
where id = any(%(wallet_ids)s::integer[]);

-- name: list_restatements :many
-- The restatements of the rows of a metric that the given columns select, newest first.
-- Reads: metrics.restatements
select
    to_char(restated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as restated_at,
    cause,
    (changes - array['wallet_id', 'org_id'])::text as changes
from metrics.restatements
where metric = %(metric)s
    and (%(wallet_id)s::integer is null or wallet_id = %(wallet_id)s::integer)
    and (%(org_id)s::integer is null or org_id = %(org_id)s::integer)
    and (%(day)s::date is null or day = %(day)s::date)
    and (%(twap_id)s::bigint is null or twap_id = %(twap_id)s::bigint)
order by id desc
limit %(limit)s;
