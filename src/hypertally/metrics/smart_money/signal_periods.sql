-- name: copy_signals :execrows
-- Copy the stored signals of a period that cannot be computed again now; a twin has the same
-- columns.
-- Reads: metrics.signals   Writes: {schema}.signals   Key: (at)
insert into {schema}.signals
select s.* from metrics.signals as s where s.at = %(at)s;

-- name: copy_contributors :execrows
-- Copy the contributors of these signals.
-- Reads: metrics.signal_contributors   Writes: {schema}.signal_contributors   Key: (at)
insert into {schema}.signal_contributors
select c.* from metrics.signal_contributors as c where c.at = %(at)s;
