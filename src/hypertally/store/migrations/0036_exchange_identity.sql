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

-- Whether anything is stored that belongs to an exchange: a wallet to pull, or a fact of any kind.
create function ops.holds_books() returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
    fact name;
    is_there boolean;
begin
    if exists (select from tenancy.wallets) then
        return true;
    end if;
    for fact in
        select c.relname from pg_catalog.pg_class as c
        where c.relnamespace = 'facts'::pg_catalog.regnamespace
            and c.relkind in ('r', 'p') and not c.relispartition
    loop
        execute pg_catalog.format('select exists (select from facts.%I)', fact) into is_there;
        if is_there then
            return true;
        end if;
    end loop;
    return false;
end
$$;
revoke all on function ops.holds_books() from public;
grant execute on function ops.holds_books() to hypertally_jobs;

-- migrate:down
-- forward only
