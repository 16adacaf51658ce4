import type pg from 'pg'
import type { Settings } from '../../src/settings.ts'
import { grantPlan } from '../../src/stripe/grant-plan.ts'
import { Unreadable } from '../../src/webhook/provider.ts'

type Plans = Settings['PLANS']

export interface Preview {
  /** Invoices that wait for a price. */
  waiting: number
  /** Whether more invoices wait than were looked at. */
  more: boolean
  /** The prices of their lines, and how many of the invoices have each. */
  prices: { price: string; count: number }[]
  /** What the release would do. `credits` are those granted minus those that negative lines take back. */
  would: { invoices: number; users: number; credits: number }
  /** What would not be released, and why. */
  stay: { why: string; count: number }[]
}

interface Waiting {
  provider: string
  event_id: string
  type: string
  occurred_at: Date | null
  payload: unknown
}

interface Verdict {
  outcome: string
  reason: string | null
  user_id: string | null
}

const MOST = 10_000

const READ = `select provider, event_id, type, occurred_at, ledgerhook.readable_payload(event) as payload
  from ledgerhook.webhook_events event where outcome = 'parked' and reason = 'unknown_price'
  order by received_at limit ${MOST + 1}`

const UNKNOWN = 'still waiting, because these PLANS do not know the price'
const ASKED = 'waiting until Stripe is asked, because the event lacks lines or what a price costs'
const ERASED = 'without a payload that may be read: Stripe is asked for the lines'
const REFUSED = 'not to be credited: see `npm run explain -- <event id>` after the release'

/**
 * Runs each invoice as its release would with these PLANS, and rolls it back. It holds a lock no longer than a delivery
 * does.
 */
export async function previewRelease(client: pg.Client, plans: Plans): Promise<Preview> {
  const { rows } = await client.query<Waiting>(READ)
  const all = rows.slice(0, MOST)
  const prices = new Map<string, number>()
  const stay = new Map([UNKNOWN, ASKED, ERASED, REFUSED].map((why) => [why, 0]))
  const users = new Set<string>()
  const would = { invoices: 0, users: 0, credits: 0 }
  for (const row of all) {
    const found = await tryOne(client, row, plans, prices)
    if (typeof found === 'string') {
      stay.set(found, (stay.get(found) ?? 0) + 1)
      continue
    }
    users.add(found.user)
    would.invoices++
    would.credits += found.credits
  }
  would.users = users.size
  return {
    waiting: all.length,
    more: rows.length > MOST,
    would,
    prices: [...prices].map(([price, count]) => ({ price, count })).sort((a, b) => b.count - a.count),
    stay: [...stay].map(([why, count]) => ({ why, count })),
  }
}

/** Returns what the invoice would grant, or why it would stay. */
async function tryOne(
  client: pg.Client,
  { payload, ...row }: Waiting,
  plans: Plans,
  prices: Map<string, number>,
): Promise<string | { user: string; credits: number }> {
  if (payload === null) return ERASED
  for (const price of pricesOf(payload)) prices.set(price, (prices.get(price) ?? 0) + 1)
  const facts = factsWith(payload, plans)
  if (facts === null) return UNKNOWN
  if (facts.lines === null) return facts.unknown === 'unknown_price' ? UNKNOWN : ASKED
  await client.query('begin')
  try {
    const delivery = { ...row, via: 'release', erase: false }
    const { rows } = await client.query<{ verdict: Verdict }>(
      'select ledgerhook.credit_invoice($1::jsonb, $2::jsonb) as verdict',
      [JSON.stringify(delivery), JSON.stringify(facts)],
    )
    const verdict = rows[0]?.verdict
    if (verdict?.outcome === 'parked') return verdict.reason === 'unknown_price' ? UNKNOWN : ASKED
    if (verdict?.outcome !== 'applied' || verdict.user_id === null) return REFUSED
    const moved = await client.query<{ credits: string }>(
      'select coalesce(sum(amount), 0) as credits from ledgerhook.credit_ledger where user_id = $1 and event_id = $2',
      [verdict.user_id, row.event_id],
    )
    return { user: verdict.user_id, credits: Number(moved.rows[0]?.credits) }
  } finally {
    await client.query('rollback')
  }
}

/**
 * Returns the facts of the event with these PLANS. Null if it has no effect or cannot be read. What packs have sold is
 * in the waiting delivery.
 */
function factsWith(event: unknown, PLANS: Plans) {
  try {
    const decision = grantPlan(event, { PLANS, CREDIT_PACKS: {} } as unknown as Settings)
    if (!('verb' in decision) || decision.verb !== 'credit_invoice') return null
    return decision.facts as { lines: unknown[] | null; unknown: string | null }
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

/**
 * Returns the prices of an invoice's lines, in the place where Stripe has put them since 2025-03-31 and in the one
 * before.
 */
function pricesOf(event: unknown): Set<string> {
  type Line = { pricing?: { price_details?: { price?: unknown } }; price?: { id?: unknown } }
  const { data } = event as { data?: { object?: { lines?: { data?: Line[] } } } }
  const found = (data?.object?.lines?.data ?? []).map(
    ({ pricing, price }) => pricing?.price_details?.price ?? price?.id,
  )
  return new Set(found.filter((price) => typeof price === 'string'))
}
