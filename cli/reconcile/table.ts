import { styleText } from 'node:util'
import type { Report } from '../../src/reconcile/run.ts'
import { type Difference, type DifferenceKind, KINDS } from '../../src/reconcile/words.ts'
import type { Settings } from '../../src/settings.ts'
import { isLiveKey } from '../../src/stripe/key.ts'
import { counted } from '../shared/counted.ts'
import type { Absent } from './absent.ts'
import type { Imported } from './earlier.ts'
import { earlierLines } from './earlier-table.ts'
import type { Flags } from './flags.ts'
import { creditsOf, moneyOf, sumsOf } from './sums.ts'

/** What a run has found, and what is left of it. */
export interface Said {
  host: string
  pass: string
  first: Report
  /** The same as `first` where nothing was to be fixed. */
  left: Report
  absent: Absent
  /** Payments of a file, from before `CREDIT_SINCE`. */
  payments: Imported[] | null
  flags: Flags
  settings: Settings
}

export function inJson({ host, pass, first, left, absent, payments, flags, settings }: Said): object {
  const fixed = first.found.filter((one) => one.fixed)
  return {
    ...{ host, pass, fix: flags.fix, since: flags.since, compared: first.looked },
    ...{ found: first.found.map(withWords), fixed: fixed.map(withWords), left: left.found.map(withWords) },
    ...(payments && { payments }),
    ...{ absent, unseen: [...first.unseen.map(({ walk, why }) => `${walk}: ${why}`), ...limits(settings)] },
  }
}

const withWords = (one: Difference) => ({ says: KINDS[one.kind].says, ...one })

export function inLines({ host, first, left, absent, payments, flags, settings }: Said): string[] {
  const looked = Object.values(first.looked).reduce((sum, count) => sum + count, 0)
  const fixed = first.found.filter((one) => one.fixed).length
  const remains = flags.fix ? [...section('left', left.found)] : []
  return [
    ...(payments ? [...earlierLines(payments, flags.fix), ''] : []),
    `${styleText('bold', host)}: ${looked} compared, ${inWords(first.found.length)}`,
    ...(isKeyRefused(first)
      ? ['', 'A key is refused as a whole: what it should read is not compared. `npm run doctor` says which']
      : []),
    ...section(flags.fix ? 'found' : '', first.found),
    ...(flags.fix || !first.found.some(({ kind }) => CREDITING.has(kind))
      ? []
      : [
          '',
          'Refunds and disputes of what is not credited yet are not in these sums: --fix follows them as well.',
        ]),
    ...(flags.fix ? ['', `${fixed} put right, then compared again: ${inWords(left.found.length)}`] : []),
    ...remains,
    ...(absent.needsConsent
      ? [
          '',
          `${counted(absent.confirmed, 'user is', 'users are')} gone at Clerk. Look at the list; --fix --delete ${absent.confirmed} closes them`,
        ]
      : []),
    ...['', 'not looked at'],
    ...first.unseen.map(({ walk, why }) => `  ${walk}: ${why}`),
    ...limits(settings).map((limit) => `  ${limit}`),
  ]
}

/** Payments that are not known here yet. A refund of one is found only after `--fix` has credited the payment. */
const CREDITING = new Set<DifferenceKind>(['paid_not_credited', 'period_without_credits'])

const inWords = (count: number) => (count === 0 ? 'nothing differs' : counted(count, 'differs', 'differ'))

/** Whether a provider does not take its key at all. What a restricted key may not read is no failure. */
export const isKeyRefused = ({ unseen }: Report): boolean =>
  unseen.some(({ why }) => /\((clerk_key_invalid|StripeAuthenticationError)\)/.test(why))

/** What no key and no list shows. */
function limits({ STRIPE_SECRET_KEY, CLERK_SECRET_KEY }: Settings): string[] {
  const other = isLiveKey({ STRIPE_SECRET_KEY }) ? 'test mode' : 'live mode'
  return [
    `what is in ${other} at Stripe`,
    'events older than 30 days: Stripe does not keep them',
    ...(CLERK_SECRET_KEY ? [] : ['Clerk: CLERK_SECRET_KEY is not set']),
  ]
}

function section(title: string, found: Difference[]): string[] {
  if (found.length === 0) return []
  const kinds = (Object.keys(KINDS) as DifferenceKind[]).filter((kind) =>
    found.some((one) => one.kind === kind),
  )
  return [
    ...(title ? ['', title] : []),
    ...kinds.flatMap((kind) => {
      const rows = found.filter((one) => one.kind === kind)
      const head = `${KINDS[kind].says}: ${rows.length}${sumsOf(rows)}`
      return ['', styleText('bold', head), ...rows.map(row)]
    }),
  ]
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
  return ['  '.concat(object), user_id ?? '-', creditsOf(one), moneyOf(one), ...notes]
    .filter(Boolean)
    .join('  ')
}
