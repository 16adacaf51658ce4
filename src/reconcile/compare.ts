import { call, type Effect } from '../db.ts'
import { providers } from '../providers.ts'
import { unconditional } from '../stripe/app-tag.ts'
import { commitResolved } from '../webhook/commit.ts'
import type { Delivery } from '../webhook/delivery.ts'
import { logDelivery } from '../webhook/log-delivery.ts'
import { isUnsettled, type Verdict } from '../webhook/outcome.ts'
import { type Item, moneyOf } from './item.ts'
import type { Pass } from './pass.ts'
import { isOfUncredited, noteUncredited } from './uncredited.ts'
import { forget, watchFound } from './watch.ts'
import { type Difference, type DifferenceKind, KINDS, SETTLED_BY_HAND } from './words.ts'

interface Finding {
  kind: DifferenceKind | null
  outcome: string | null
  reason: string | null
  user_id: string | null
  credits: number | null
  known: boolean
  given_up: boolean
  confirmed?: boolean
  first?: boolean
  /** Set only if something differs. */
  settled?: boolean
}

/** The most items that one statement compares, which takes about 100 ms. */
const MOST_AT_ONCE = 50
/** How often an item that is locked is tried. */
const TRIES = 3
/**
 * How often an object that has just changed is read again: Stripe's clock has whole seconds, and a request takes time.
 */
const TIES = 6
const TICK_MS = 1_000

/**
 * Compares what the provider has with what is here, and corrects differences if the pass may. Returns all differences.
 * @throws DatabaseUnavailable
 */
export async function compare(pass: Pass, items: Item[]): Promise<Difference[]> {
  const compared = items.filter(({ decision }) =>
    'verb' in decision ? decision.verb !== 'record_for_customer' : isUnsettled(decision.outcome),
  )
  const differences: Difference[] = []
  for (let at = 0; at < compared.length; at += MOST_AT_ONCE) {
    const slice = compared.slice(at, at + MOST_AT_ONCE)
    const findings = await look(pass, slice)
    for (const [i, item] of slice.entries()) {
      const difference = await follow(pass, item, findings[i] as Finding)
      if (difference) differences.push(difference)
    }
  }
  return differences
}

/** Returns what each of these items would change. @throws DatabaseUnavailable */
async function look(pass: Pass, items: Item[]): Promise<Finding[]> {
  return await call<Finding[]>(pass.db, 'compare_effects', [
    {
      pass: pass.id,
      watches: pass.watches,
      erase: pass.settings.USER_DELETION === 'delete',
      items: items.map((item) => {
        const { verb, facts: given } = effectOf(item)
        const { provider, object, isOurs: ours } = item
        const { occurredAt: occurred_at, livemode } = envelopeOf(item)
        return {
          provider,
          object,
          occurred_at,
          livemode,
          verb,
          given,
          ours,
          event: item.isEvent ? item.eventId : null,
          uncredited: isOfUncredited(pass, item),
        }
      }),
    },
  ])
}

/** Returns an item's effect. What is unreadable, or rejected without a look at the database, is stored too. */
function effectOf(item: Item): Effect {
  const { decision } = item
  if ('verb' in decision) return decision
  return { verb: 'record_delivery', facts: { ...decision, user_id: envelopeOf(item).userId } }
}

async function follow(pass: Pass, item: Item, found: Finding): Promise<Difference | null> {
  let [here, finding] = [item, found]
  for (let tries = 1; finding.kind === 'busy' && tries < TRIES; tries++) {
    finding = (await look(pass, [here]))[0] as Finding
  }
  for (let reads = 1; isTie(pass, finding) && item.again && reads < TIES; reads++) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    here = (await item.again()) ?? here
    finding = (await look(pass, [here]))[0] as Finding
  }
  if (finding.outcome === 'parked' && 'verb' in here.decision) {
    const asked = await ask(pass, here, finding)
    if (asked) {
      here = asked
      finding = (await look(pass, [asked]))[0] as Finding
    }
  }
  const { kind } = finding
  noteUncredited(pass, here, kind)
  if (kind === null) return null
  const difference = { ...inWords(here, finding, kind), confirmed: finding.confirmed ?? false }
  // A person can settle only what is stored.
  if (SETTLED_BY_HAND.includes(kind) && pass.fixes && !pass.watches) await watchFound(pass, [difference])
  const waits = finding.known && finding.outcome !== 'applied'
  // A delivery that was given up has kept its effect: a fix would only park it a second time.
  const mayFix =
    pass.fixes && KINDS[kind].fixable && !waits && !finding.given_up && !isUncertain(here, finding)
  if (!mayFix || (pass.watches && !difference.confirmed)) return difference
  const fixed = await fix(pass, here)
  // Forgotten now: a stored event is not compared again, so no later pass would forget it.
  if (fixed && pass.watches) await forget(pass, here.provider, [here.isEvent ? here.eventId : here.object])
  return { ...difference, fixed }
}

/**
 * Whether what was read seems older than what is here. Then it changed in the second in which it was read, and only a
 * later read counts as newer. A watching pass leaves that to the next pass.
 */
const isTie = ({ watches }: Pass, { outcome }: Finding) => outcome === 'stale' && !watches

/** Whether the link of a customer would wait for its user. It is not stored: a later pass finds it again. */
const isUncertain = ({ decision }: Item, { outcome }: Finding) =>
  'verb' in decision && unconditional(decision).verb === 'link_customer' && outcome === 'parked'

/** Returns the item with what its provider adds to it. Null if it adds nothing, or nothing is to be asked. */
async function ask(pass: Pass, item: Item, { outcome, reason }: Finding): Promise<Item | null> {
  const parked = { outcome, reason } as Verdict
  const effect = item.decision as Effect
  const decision = await providers[item.provider].resolve?.(parked, effect, pass.settings, pass.fetch)
  return decision ? { ...item, decision } : null
}

/** Runs an item's verb, as a delivery. Returns whether that had an effect. @throws DatabaseUnavailable */
async function fix(pass: Pass, item: Item): Promise<boolean> {
  const startedAt = Date.now()
  const delivery = deliveryOf(item)
  const provider = providers[item.provider]
  const { db, settings, fetch } = pass
  const committed = await commitResolved(provider, db, delivery, item.decision, settings, fetch)
  const waited = Date.now() - startedAt
  logDelivery(delivery, committed, null, { duration_ms: waited, database_ms: waited }, settings)
  return !isUnsettled(committed.outcome)
}

function envelopeOf({ provider, event }: Item) {
  const { eventId: _, ...envelope } = providers[provider].envelope(event, new Headers())
  return envelope
}

function deliveryOf(item: Item): Delivery {
  const { provider, eventId, event } = item
  const envelope = envelopeOf(item)
  const whole = { ...event, id: eventId }
  const body = JSON.stringify(whole)
  return { provider, eventId, ...envelope, event: whole, body, via: 'reconcile', fallback: 'reconciled' }
}

function inWords(item: Item, finding: Finding, kind: DifferenceKind): Difference {
  const facts = moneyOf(item)
  const { provider, object } = item
  const { outcome, reason, user_id, known, first = false, settled = false } = finding
  const waits = isUnsettled(outcome)
  // What cannot be credited yet is still owed.
  const owed = facts.credits ?? facts.grants?.reduce((sum, { credits }) => sum + credits, 0) ?? null
  const credits = waits && owed !== null ? owed : finding.credits
  const { amount = null, currency = null, stripe_charge_id: charge = null } = facts
  const money = { credits, amount, currency, charge }
  const what = { provider, object, kind, outcome, reason, user_id, ...money, known }
  return { ...what, confirmed: false, first, settled, fixed: false }
}
