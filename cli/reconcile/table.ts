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

/** What a run has found, and what is left of it. */
export interface Said {
  host: string
  pass: string
  first: Compared
  /** The same as `first` without `--fix`, and where nothing differs. */
  left: Compared
  absent: Absent
  /** Payments of a file, from before `CREDIT_SINCE`. */
  payments: Imported[] | null
  flags: Flags
  settings: Settings
}

/** The result in words, line by line: of many differences, not all are in memory. */
export function* inLines({ host, first, left, absent, payments, flags, settings }: Said): Iterable<string> {
  const { looked, unseen } = first.report
  const all = Object.values(looked).reduce((sum, count) => sum + count, 0)
  if (payments) yield* [...earlierLines(payments, flags.fix), '']
  const refused = refusedKeys(first.report)
  const isSilent = refused.length > 0 && first.store.count() === 0
  yield `${styleText('bold', host)}: ${all} compared with ${comparedWith(flags, settings)}${isSilent ? '' : `, ${inWords(first.store.count())}`}`
  if (refused.length > 0) yield ''
  for (const { name, provider } of refused)
    yield `${name} is refused by ${provider}: nothing is compared that it should read. Set the right key`
  yield* section(flags.fix ? 'found' : '', first.store)
  if (!flags.fix) yield* ofUncredited(first.store, flags)
  if (flags.fix && first.store.count() > 0) {
    const fixed = first.store.count({ fixed: true })
    yield* ['', `${fixed} put right, then compared again: ${inWords(left.store.count())}`]
    yield* section('left', left.store)
  }
  if (absent.needsConsent) {
    const are = counted(absent.confirmed, 'user is', 'users are')
    yield* ['', `${are} gone at Clerk. Look at the list; --fix --delete ${absent.confirmed} closes them`]
  }
  yield* ['', 'not looked at']
  for (const { walk, why } of unseen) if (!isRefusal(why)) yield `  ${walk}: ${why}`
  yield* limits(settings, flags).map((limit) => `  ${limit}`)
}

/** What is not in the sums of a comparison that changes nothing. */
function* ofUncredited(store: Store, { user }: Flags): Iterable<string> {
  const isUncredited = CREDITING.some((kind) => store.count({ kind }) > 0)
  if (user && isUncredited)
    yield* ['', 'Refunds and disputes of what is not credited yet are not looked for with --user.']
  else if (isUncredited && store.count({ reason: 'unknown_payment' }) > 0)
    yield* [
      '',
      'What refunds and disputes of it take is not in these sums: --fix credits it first, and then follows them.',
    ]
}

/** Whoever writes `--only` before the `--` sees it here: npm keeps it to itself, and says nothing to a command. */
const comparedWith = ({ only }: Flags, { CLERK_SECRET_KEY }: Settings) =>
  only ? (only === 'clerk' ? 'Clerk' : 'Stripe') : CLERK_SECRET_KEY ? 'Stripe and Clerk' : 'Stripe'

const inWords = (count: number) => (count === 0 ? 'nothing differs' : counted(count, 'differs', 'differ'))

const KEYS = [
  { name: 'CLERK_SECRET_KEY', provider: 'Clerk', code: '(clerk_key_invalid)' },
  { name: 'STRIPE_SECRET_KEY', provider: 'Stripe', code: '(StripeAuthenticationError)' },
]
const isRefusal = (why: string) => KEYS.some(({ code }) => why.includes(code))

/** The keys that a provider does not take at all. What a restricted key may not read is no failure. */
export const refusedKeys = ({ unseen }: Report) =>
  KEYS.filter(({ code }) => unseen.some(({ why }) => why.includes(code)))

/** What no key and no list shows. */
export function limits(settings: Settings, { only, user }: Pick<Flags, 'only' | 'user'>): string[] {
  const other = isLiveKey(settings) ? 'test mode' : 'live mode'
  const knowsAll = !settings.CLERK_SECRET_KEY || only === 'stripe' || isMissedAtClerk(settings)
  return [
    ...(knowsAll ? [] : ['users here: the local Clerk does not know those of `npm run send`']),
    ...(user && only !== 'clerk' ? ['credits of payments that Stripe does not have: leave out --user'] : []),
    `what is in ${other} at Stripe`,
    'events older than 30 days: Stripe does not keep them',
    ...(settings.CLERK_SECRET_KEY ? [] : ['Clerk: CLERK_SECRET_KEY is not set']),
  ]
}

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
  const { object, user_id, outcome, reason, known, confirmed, kind, fixed } = one
  const why = reason && outcome !== 'applied' && outcome !== 'duplicate' ? `${outcome} / ${reason}` : ''
  const notes = [
    why,
    known ? 'waits already' : '',
    kind === 'user_deleted' && !confirmed && !fixed ? 'a suspicion: look again in an hour' : '',
    KINDS[kind].fixable ? '' : 'for a person',
  ]
  const owner = user_id === object ? '' : (user_id ?? '-')
  return ['  '.concat(object), owner, creditsOf(one), moneyOf(one), ...notes].filter(Boolean).join('  ')
}
