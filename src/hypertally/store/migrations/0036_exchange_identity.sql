-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Which exchange this database keeps the books of, said once: at first use or by `hypertally adopt`. No row: not said yet.
create table ops.exchange_identity (
    is_only boolean primary key default true check (is_only), -- always true: there is one row at most
    exchange text not null check (exchange <> ''), -- mainnet, testnet, sandbox:SEED, replay:NAME, a name of the operator's, or the host of another info endpoint
    chain_id integer, -- of its EVM; null: not known
    said_by text not null check (said_by in ('first use', 'adopt')), -- first use: the database was empty; adopt: the operator named it
    said_at timestamptz not null default now() -- when the exchange was named
);
grant select, insert on ops.exchange_identity to hypertally_jobs;
grant select on facts.history_readings to hypertally_jobs; -- whether a database holds books is asked of every fact

create function ops.refuse_another_exchange() returns trigger language plpgsql as $$
begin
    raise exception '% on ops.exchange_identity refused: books stay those of one exchange', tg_op
        using errcode = 'restrict_violation';
end
$$;
create trigger said_once before update or delete on ops.exchange_identity
    for each row execute function ops.refuse_another_exchange();
create trigger no_truncate before truncate on ops.exchange_identity
    for each statement execute function ops.refuse_another_exchange();

-- migrate:down
-- forward only
