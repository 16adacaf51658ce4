import type pg from 'pg'

/** A session for loading many rows: memory for sorting, and nothing that holds up a write. */
const SETTINGS = `set maintenance_work_mem = '1GB'; set max_parallel_maintenance_workers = 2; set statement_timeout = 0`

/**
 * Loads rows with no index, constraint or trigger in the way, and puts all of them back after it. Constraints are checked
 * then; what triggers would have computed, the rows must bring.
 */
export async function bulkLoad(database: pg.Client, load: () => Promise<void>): Promise<void> {
  await database.query(SETTINGS)
  const { rows } = await database.query<{ away: string; back: string }>(TO_PUT_AWAY)
  for (const { away } of rows) await database.query(away)
  await load()
  for (const { back } of rows.reverse()) await database.query(back)
}

/** Statements in an order in which they can run: foreign keys need the keys, so they go first and come back last. */
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
