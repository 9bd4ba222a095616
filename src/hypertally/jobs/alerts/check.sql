-- name: add_wallets :execrows
-- Add a state for each tracked wallet that has no state yet.
-- Reads: tenancy.org_wallets, tenancy.wallets   Writes: ops.alert_state   Key: (type, subject)
insert into ops.alert_state (type, subject, level, wallet_id)
select %(type)s, '0x' || encode(w.address, 'hex'), %(level)s, w.id
from tenancy.wallets as w
where exists (select from tenancy.org_wallets as o where o.wallet_id = w.id and o.to_day is null)
    and not exists (select from ops.alert_state as s
                    where s.type = %(type)s and s.subject = '0x' || encode(w.address, 'hex'))
on conflict do nothing;

-- name: read_judged_since :one
-- The time from which periods of these types must be judged: the earliest of their last judgements,
-- null if a type was never judged.
-- Reads: ops.alert_state   Writes: -   Key: (type, subject)
select case when count(s.judged_at) = count(*) then min(s.judged_at) end as since
from ops.alert_state as s
where s.type = any (%(types)s::text[]);
