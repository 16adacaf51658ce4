import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { compareOnce } from '../../cli/reconcile/compared.ts'
import { openDatabase } from '../../cli/shared/owner.ts'
import { settingsOf } from '../../src/settings.ts'

/**
 * Compares as `npm run reconcile` does, and prints how many ids of users and of customers are in its memory: when
 * everything except the events and the absent users is compared, and at the end. It runs in a separate process, so that
 * nothing else has such ids.
 */
const [, , dir = '', given = ''] = process.argv
const { databaseUrl, ...vars } = JSON.parse(given)
const kept: Record<string, { users: number; customers: number }> = {}

function count(at: string): void {
  const file = writeHeapSnapshot(join(dir, `${at}.heapsnapshot`))
  const { strings } = JSON.parse(readFileSync(file, 'utf8')) as { strings: string[] }
  const matching = (form: RegExp) => new Set(strings.filter((text) => form.test(text))).size
  kept[at] = { users: matching(/^user_kept_\d+$/), customers: matching(/^cus_kept_\d+$/) }
}

const asking: typeof fetch = async (input, init) => {
  if (new URL(input instanceof Request ? input.url : input).pathname === '/v1/events') count('under way')
  return await fetch(input, init)
}
const settings = settingsOf(vars)
const db = await openDatabase(databaseUrl)
const pass = { id: 'memory', settings, db, fixes: false, watches: false, since: null, recent: false }
const { report, store } = await compareOnce(
  { ...pass, fetch: asking },
  { only: undefined, user: undefined },
  [],
)
count('at the end')
await db.end()
console.log(JSON.stringify({ kept, looked: report.looked, found: store.count() }))
