import type { Client } from 'pg'
import type { FunctionSet } from './functions.ts'

/** A waiting delivery, or one that a person may settle, may still name a verb that this build no longer has. */
const UNUSED = (names: string) => `
  with recent as (
    select names from (
      select names, lead(applied_at) over (order by applied_at) as replaced_at from ledgerhook.function_sets) s
    where replaced_at is null or replaced_at > now() - interval '30 days'),
  stored as (
    select effect->>'verb' as name from ledgerhook.webhook_events where outcome in ('parked', 'rejected')
    union
    select effect->>'verb' from ledgerhook.waiting join ledgerhook.webhook_events using (provider, event_id))
  select p.oid::regprocedure::text as signature from pg_proc p
  where pronamespace = to_regnamespace('ledgerhook') and prokind = 'f' and proname <> all (${names}::text[])
    and not exists (select from recent where proname = any (names))
    and not exists (select from stored where name = proname)
    and not exists (select from pg_trigger where tgfoid = p.oid)
  order by 1`

/**
 * Returns the functions that nothing names any more: no file, no set that was in force in the last 30 days, no stored
 * delivery, no trigger. Call it after \`lockVerbs\` if you want to drop them.
 */
export async function unusedFunctions(client: Client, functions: FunctionSet): Promise<string[]> {
  const { rows } = await client.query<{ signature: string }>(UNUSED('$1'), [functions.names])
  return rows.map(({ signature }) => signature)
}

/** Parking a delivery reads its verb's row for share, which waits for this lock. So an unused function stays unused. */
export const LOCK_VERBS = 'lock table ledgerhook.verbs in exclusive mode;'

export const drop = (signature: string) => `drop function ${signature};`
