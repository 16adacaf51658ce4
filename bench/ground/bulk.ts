import type pg from 'pg'

/** Settings of a session that loads many rows: enough memory to sort them, and no time limit. */
const SETTINGS = `set maintenance_work_mem = '1GB'; set max_parallel_maintenance_workers = 2; set statement_timeout = 0`

/**
 * Loads rows without indexes, constraints and triggers, and restores those afterwards. Constraints are checked at that
 * time. Triggers do not run, so the rows must contain what they would have computed.
 */
export async function bulkLoad(database: pg.Client, load: () => Promise<void>): Promise<void> {
  await database.query(SETTINGS)
  const { rows } = await database.query<{ away: string; back: string }>(TO_PUT_AWAY)
  for (const { away } of rows) await database.query(away)
  await load()
  for (const { back } of rows.reverse()) await database.query(back)
}

/**
 * The statements in the order in which they run: foreign keys depend on keys, so they are dropped first and restored
 * last.
 */
const TO_PUT_AWAY = `
  select away, back from (
    select 1 as turn, format('alter table %s drop constraint %I', conrelid::regclass, conname) as away,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as back
    from pg_constraint where connamespace = 'ledgerhook'::regnamespace and contype = 'f'
    union all
    select 2, format('alter table %s drop constraint %I', conrelid::regclass, conname),
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'ledgerhook'::regnamespace and contype in ('p', 'u')
    union all
    select 3, format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = 'ledgerhook'::regnamespace
      and not exists (select from pg_constraint where conindid = indexrelid)
    union all
    select 4, format('alter table %s disable trigger %I', tgrelid::regclass, tgname),
      format('alter table %s enable always trigger %I', tgrelid::regclass, tgname)
    from pg_trigger where tgenabled = 'A' and not tgisinternal
  ) parts order by turn`

/** Keeps tables and their statistics unchanged: no autovacuum and no autoanalyze. */
export const NO_VACUUM = `do $$ declare part record; begin
  for part in select oid::regclass as name from pg_class where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r'
  loop execute format('alter table %s set (autovacuum_enabled = false)', part.name); end loop;
end $$`
