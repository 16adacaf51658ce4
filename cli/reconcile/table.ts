import { styleText } from 'node:util'
import { isMissedAtClerk } from '../../src/reconcile/clerk-walks.ts'
import type { Report } from '../../src/reconcile/run.ts'
import { CREDITING } from '../../src/reconcile/uncredited.ts'
import { type Difference, type DifferenceKind, KINDS } from '../../src/reconcile/words.ts'
import type { Settings } from '../../src/settings.ts'
import { isLiveKey } from '../../src/stripe/key.ts'
import { counted } from '../shared/counted.ts'
import type { Absent } from './absent.ts'
import type { Compared } from './compared.ts'
import type { Imported } from './earlier.ts'
import { earlierLines } from './earlier-table.ts'
import type { Flags } from './flags.ts'
import type { Store } from './store.ts'
import { creditsOf, inSums, moneyOf } from './sums.ts'

/** What a run found, and what is left. */
export interface Said {
  host: string
  pass: string
  first: Compared
  /** Equal to `first` without `--fix`, and if nothing differs. */
  left: Compared
  absent: Absent
  /** Payments of a file, from before `CREDIT_SINCE`. */
  payments: Imported[] | null
  flags: Flags
  settings: Settings
}

/** Returns the result in words, line by line, because many differences do not fit into memory. */
export function* inLines({ host, first, left, absent, payments, flags, settings }: Said): Iterable<string> {
  const { looked, unseen } = first.report
  const all = Object.values(looked).reduce((sum, count) => sum + count, 0)
  if (payments) yield* [...earlierLines(payments, flags.fix), '']
  const refused = refusedKeys(first.report)
  const isSilent = refused.length > 0 && first.store.count() === 0
  yield `${styleText('bold', host)}: ${all} compared with ${comparedWith(flags, settings)}${isSilent ? '' : `, ${inWords(first.store.count())}`}`
  if (refused.length > 0) yield ''
  for (const { name, provider } of refused)
    yield `${name} is refused by ${provider}: what it should read is not compared. Set the right key`
  yield* section(flags.fix ? 'found' : '', first.store)
  if (!flags.fix) yield* ofUncredited(first.store, flags)
  if (flags.fix && first.store.count() > 0) {
    const fixed = first.store.count({ fixed: true })
    yield* ['', `${fixed} corrected, then compared again: ${inWords(left.store.count())}`]
    yield* section('left', left.store)
  }
  yield* ofSettled(left.store)
  if (absent.needsConsent) {
    const are = counted(absent.confirmed, 'user is', 'users are')
    yield* ['', `${are} gone at Clerk. Look at the list; --fix --delete ${absent.confirmed} closes them`]
  }
  const unlooked = unseen.filter(({ why }) => !isRefusal(why)).map(({ walk, why }) => `${walk}: ${why}`)
  const notSeen = [...unlooked, ...limits(settings, flags)]
  if (notSeen.length > 0) yield* ['', 'not looked at', ...notSeen.map((one) => `  ${one}`)]
}

/** Returns lines about what a person has dealt with: it is listed, and does not count. */
function* ofSettled({ settled }: Store): Iterable<string> {
  if (settled.size > 0) yield* ['', `settled by hand, not counted: ${settled.size}`]
  for (const one of settled.values()) yield `${row(one)}  ${KINDS[one.kind].says}`
}

/** Returns lines about payments that are not in the sums, because the comparison changes nothing. */
function* ofUncredited(store: Store, { user }: Flags): Iterable<string> {
  const isUncredited = CREDITING.some((kind) => store.count({ kind }) > 0)
  if (user && isUncredited)
    yield* ['', 'With --user, refunds and disputes of payments that are not credited yet are not looked for.']
  else if (isUncredited && store.count({ reason: 'unknown_payment' }) > 0)
    yield* [
      '',
      'These sums leave out what its refunds and disputes take: --fix credits it first, and then applies them.',
    ]
}

/**
 * Names what was compared. If a person writes `--only` before the `--`, npm keeps the flag and the command does not see
 * it: this line shows that.
 */
const comparedWith = ({ only }: Flags, { CLERK_SECRET_KEY }: Settings) =>
  only ? (only === 'clerk' ? 'Clerk' : 'Stripe') : CLERK_SECRET_KEY ? 'Stripe and Clerk' : 'Stripe'

const inWords = (count: number) => (count === 0 ? 'nothing differs' : counted(count, 'differs', 'differ'))

const KEYS = [
  { name: 'CLERK_SECRET_KEY', provider: 'Clerk', code: '(clerk_key_invalid)' },
  { name: 'STRIPE_SECRET_KEY', provider: 'Stripe', code: '(StripeAuthenticationError)' },
]
const isRefusal = (why: string) => KEYS.some(({ code }) => why.includes(code))

/** Returns the keys that a provider refuses completely. Missing rights of a restricted key are no failure. */
export const refusedKeys = ({ unseen }: Report) =>
  KEYS.filter(({ code }) => unseen.some(({ why }) => why.includes(code)))

/** Returns what this comparison cannot see. */
export function limits(settings: Settings, { only, user }: Pick<Flags, 'only' | 'user'>): string[] {
  const other = isLiveKey(settings) ? 'test mode' : 'live mode'
  const knowsAll = !settings.CLERK_SECRET_KEY || only === 'stripe' || isMissedAtClerk(settings)
  return [
    ...(knowsAll ? [] : ['users here: the local Clerk does not know those of `npm run send`']),
    ...(only === 'clerk' ? [] : limitsAtStripe(other, user)),
    ...(settings.CLERK_SECRET_KEY || only === 'stripe' ? [] : ['Clerk: CLERK_SECRET_KEY is not set']),
  ]
}

const limitsAtStripe = (otherMode: string, user: string | undefined): string[] => [
  ...(user
    ? [
        'credits of payments that Stripe does not have: leave out --user',
        'what was paid without a customer of this user: leave out --user',
        'events, which say what no object shows: leave out --user',
      ]
    : []),
  `what is in ${otherMode} at Stripe`,
  ...(user ? [] : ['events older than 30 days: Stripe does not keep them']),
]

function* section(title: string, store: Store): Iterable<string> {
  if (store.count() === 0) return
  if (title) yield* ['', title]
  for (const kind of Object.keys(KINDS) as DifferenceKind[]) {
    const count = store.count({ kind })
    if (count === 0) continue
    yield* ['', styleText('bold', `${KINDS[kind].says}: ${count}${inSums(store.sums(kind))}`)]
    for (const one of store.rows({ kind })) yield row(one)
  }
}

function row(one: Difference): string {
  const { object, user_id, outcome, reason, known, confirmed, kind, fixed, settled } = one
  const why = reason && outcome !== 'applied' && outcome !== 'duplicate' ? `${outcome} / ${reason}` : ''
  const notes = [
    why,
    known ? 'waits already' : '',
    kind === 'user_deleted' && !confirmed && !fixed ? 'a suspicion: look again in an hour' : '',
    KINDS[kind].fixable || settled ? '' : 'for a person',
  ]
  const owner = user_id === object ? '' : (user_id ?? '-')
  return ['  '.concat(object), owner, creditsOf(one), moneyOf(one), ...notes].filter(Boolean).join('  ')
}
