import type { Client } from 'pg'
import type { FunctionSet } from './functions.ts'

/** The verbs that stored deliveries name: one that waits, or one that a person may settle. */
const STORED = `
  select effect->>'verb' as name from ledgerhook.webhook_events where outcome in ('parked', 'rejected')
  union
  select effect->>'verb' from ledgerhook.waiting join ledgerhook.webhook_events using (provider, event_id)`

/** A verb that this build no longer has, which a stored delivery names. */
const OUTLIVED = (names: string) => `
  select name from (${STORED}) stored where name <> all (${names}::text[])
    and exists (select from pg_proc where pronamespace = to_regnamespace('ledgerhook') and proname = name)
  order by 1`

/** Such a verb may call any function of the set that had it last. */
const UNUSED = (names: string) => `
  with recent as (
    select names from (
      select names, lead(applied_at) over (order by applied_at) as replaced_at from ledgerhook.function_sets) s
    where replaced_at is null or replaced_at > now() - interval '30 days'),
  outlived as (${OUTLIVED(names)}),
  needed as (
    select distinct on (name) names from outlived join ledgerhook.function_sets on name = any (names)
    order by name, applied_at desc)
  select p.oid::regprocedure::text as signature from pg_proc p
  where pronamespace = to_regnamespace('ledgerhook') and prokind = 'f' and proname <> all (${names}::text[])
    and not exists (select from recent where proname = any (names))
    and not exists (select from needed where proname = any (names))
    and not exists (select from outlived where name = proname)
    and not exists (select from pg_trigger where tgfoid = p.oid)
  order by 1`

/** What `--prune` drops, and what it keeps although no build of the last 30 days has it. */
export interface Pruning {
  /** The signatures of functions that nothing needs any more. */
  unused: string[]
  /** Verbs that only stored deliveries name. Whatever they may call stays too. */
  outlived: string[]
}

/**
 * Returns as unused the functions that nothing needs any more: no file, no set that was in force in the last 30 days,
 * no stored delivery, no trigger. Call it after `LOCK_VERBS` if you want to drop them.
 */
export async function findUnused(client: Client, { names }: FunctionSet): Promise<Pruning> {
  const unused = await client.query<{ signature: string }>(UNUSED('$1'), [names])
  const outlived = await client.query<{ name: string }>(OUTLIVED('$1'), [names])
  return {
    unused: unused.rows.map(({ signature }) => signature),
    outlived: outlived.rows.map(({ name }) => name),
  }
}

/** Returns what pruning does, in words. */
export function sayPruning({ unused, outlived }: Pruning): string {
  const dropped = unused.length > 0 ? `dropped ${unused.join(', ')}` : 'every function is still in use'
  if (outlived.length === 0) return dropped
  return `${dropped}; kept for stored deliveries, with all that they may call: ${outlived.join(', ')}`
}

/** Parking a delivery reads its verb's row for share, which waits for this lock. So an unused function stays unused. */
export const LOCK_VERBS = 'lock table ledgerhook.verbs in exclusive mode;'

export const drop = (signature: string) => `drop function ${signature};`
