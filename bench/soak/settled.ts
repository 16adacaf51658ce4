import { query } from '../../local/postgres/query.ts'
import { entryOf, type Kind, type Life } from './lives.ts'
import { startRun, type World } from './world.ts'

/** The differences from the model, a line each. */
export interface Differences {
  /** Events without a row, with an unexpected outcome, or that were never sent. */
  unsettled: string[]
  /** Wallets whose balance is not the sum of their entries. */
  sums: string[]
  /** Users whose ledger differs from the model. */
  ledgers: string[]
  /** Facts that have more than one entry. */
  doubled: string[]
}

export interface Settled extends Differences {
  /** The number of events by kind and outcome. */
  outcomes: Partial<Record<Kind, Record<string, number>>>
  entries: number
  runs: number
}

const RUNS = 1_000
/** After this many runs without progress it gives up. */
const IN_VAIN = 5

const SALE = ['applied', 'duplicate payment_already_credited']
const EXPECTED: Record<Exclude<Kind, 'spend'>, string[]> = {
  'sign-up': ['applied', 'stale older_than_stored'],
  'user update': ['applied', 'stale older_than_stored'],
  'top-up': SALE,
  'same sale again': SALE,
  refund: ['applied'],
  subscription: ['applied', 'stale older_than_stored'],
  invoice: ['applied'],
  deletion: ['applied'],
}
/** The outcomes of events that a deletion overtook. A refund waits for a payment that was not credited. */
const OVERTAKEN = ['stale user_deleted', 'rejected user_deactivated', 'parked unknown_payment']

/** Starts scheduled runs until nothing is due. Returns their number. The comparison finds what is left then. */
export async function runUntilIdle(world: World, interrupt: AbortSignal): Promise<number> {
  let inVain = 0
  let before = Number.NaN
  for (let run = 0; run < RUNS; run++) {
    interrupt.throwIfAborted()
    const [row] = await query<{ left: string }>(world.databaseUrl, LEFT)
    const left = Number(row?.left)
    inVain = left === before ? inVain + 1 : 0
    before = left
    if ((left === 0 && run > 0) || inVain >= IN_VAIN) return run
    await query(world.databaseUrl, DUE)
    await startRun(world)
  }
  return RUNS
}

const LEFT = `select (select count(*) from ledgerhook.arrived)
  + (select count(*) from ledgerhook.erasures where done_at is null)
  + (select count(*) from ledgerhook.waiting where retry_at is not null) as left`

const DUE = `with t as (update ledgerhook.tasks set leased_until = null, next_at = now() - interval '1 second'),
    w as (update ledgerhook.waiting set retry_at = now() where retry_at is not null),
    a as (update ledgerhook.arrived set due_at = now() - interval '1 second')
  update ledgerhook.erasures set due_at = now() - interval '1 second' where done_at is null`

/** Compares the database with the model. */
export async function compare(lives: Life[], { databaseUrl }: World): Promise<Omit<Settled, 'runs'>> {
  const events = await query<{ event_id: string; outcome: string; reason: string | null }>(
    databaseUrl,
    EVENTS,
  )
  const ledger = await query<Entry>(databaseUrl, LEDGER)
  const wallets = await query<{ user_id: string; balance: string; sum: string }>(databaseUrl, SUMS)
  const outcomeOf = new Map(
    events.map(({ event_id, outcome, reason }) => [event_id, reason ? `${outcome} ${reason}` : outcome]),
  )
  const entriesOf = Map.groupBy(ledger, ({ user_id }) => user_id)
  const outcomes: Settled['outcomes'] = {}
  const unsettled: string[] = []
  for (const { kind, id, life } of lives.flatMap(({ sendings }) => sendings)) {
    if (kind === 'spend') continue
    const outcome = outcomeOf.get(id) ?? 'no row'
    outcomeOf.delete(id)
    outcomes[kind] ??= {}
    outcomes[kind][outcome] = (outcomes[kind][outcome] ?? 0) + 1
    const expected = [...EXPECTED[kind], ...(life.leaves ? OVERTAKEN : [])]
    if (!expected.includes(outcome)) unsettled.push(`${kind} ${id}: ${outcome}`)
  }
  for (const [id, outcome] of outcomeOf) unsettled.push(`${id}, which nobody has sent: ${outcome}`)
  const facts = Map.groupBy(ledger, (entry) => `${entry.user_id} ${entry.kind} ${entry.fact}`)
  const applied = new Set(
    events.filter(({ outcome }) => outcome === 'applied').map(({ event_id }) => event_id),
  )
  return {
    outcomes,
    unsettled,
    entries: ledger.length,
    sums: wallets
      .filter(({ balance, sum }) => balance !== sum)
      .map(({ user_id, balance, sum }) => `${user_id}: ${balance}, and the entries are ${sum}`),
    ledgers: lives.flatMap((life) => differenceOf(life, entriesOf.get(life.user) ?? [], applied)),
    doubled: [...facts].filter(([, entries]) => entries.length > 1).map(([fact]) => fact),
  }
}

interface Entry {
  user_id: string
  kind: string
  amount: string
  fact: string
}

/**
 * Returns how a ledger differs. An entry that a deletion may have overtaken is optional; a sale has one exactly if one
 * of its events was applied.
 */
function differenceOf(life: Life, ledger: Entry[], applied: Set<string>): string[] {
  const spends = [...life.accepted.values()].map(({ entry }) => entry)
  const actual = ledger.map(({ kind, amount, fact }) => entryOf(kind, Number(amount), fact)).sort()
  const optional = (entry: string) => {
    if (!life.leaves) return false
    const sale = life.sales.get(entry.split(' ').at(-1) ?? '')
    if (!sale || entry.startsWith('refund')) return !actual.includes(entry)
    return !sale.some((event) => applied.has(event))
  }
  const wanted = [...life.entries.filter((entry) => !optional(entry)), ...spends].sort()
  if (JSON.stringify(wanted) === JSON.stringify(actual)) return []
  return [`${life.user}: ${actual.join(', ')} instead of ${wanted.join(', ')}`]
}

const EVENTS = 'select event_id, outcome, reason from ledgerhook.webhook_events'
const LEDGER = `select user_id, kind, amount,
    case kind when 'signup_bonus' then user_id else coalesce(stripe_payment_id, idempotency_key) end as fact
  from ledgerhook.credit_ledger`
const SUMS = `select w.user_id, w.balance, coalesce(sum(l.amount), 0) as sum
  from ledgerhook.wallets w left join ledgerhook.credit_ledger l on l.user_id = w.user_id group by w.user_id, w.balance`
