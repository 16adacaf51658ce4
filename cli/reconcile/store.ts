import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Seen } from '../../src/reconcile/pass.ts'
import type { Difference, DifferenceKind } from '../../src/reconcile/words.ts'
import type { Money } from './sums.ts'

/** A filter for differences. A missing member matches everything. */
export interface Which {
  kind?: DifferenceKind
  reason?: string
  fixed?: boolean
  /** Whether another pass also saw it. */
  confirmed?: boolean
}

/** What one comparison saw and found. */
export interface Store {
  /** Objects that Stripe's lists had. */
  seen: Seen
  /** Objects that were paid but are not credited here. */
  uncredited: Seen
  /** The differences that were settled by hand, by object. They are not among the rows. There are few of them. */
  settled: Map<string, Difference>
  /**
   * Keeps differences. If an object and kind is found again, the first difference stays, because it has the newest
   * state, until one of them is fixed. A charge's total of refunds is not listed if its refunds are listed and take as
   * many credits or more.
   */
  keep(found: Difference[]): void
  /** Returns differences in the order in which they were first found. More may be kept while the caller reads. */
  rows(which?: Which): Iterable<Difference>
  count(which?: Which): number
  /** Returns the sum of a kind's credits, and its money in each currency, in minor units. */
  sums(kind: DifferenceKind): { credits: number; money: Money[] }
}

/** Rows in one page. */
const PAGE = 200

const TABLES = `
  pragma journal_mode = off;
  pragma synchronous = off;
  create table seen (object text primary key) without rowid;
  create table uncredited (object text primary key) without rowid;
  create table found (n integer primary key, object text, kind text, reason text, fixed integer, confirmed integer, credits integer,
    amount integer, currency text, charge text, whole text, unique (object, kind));
  create index found_charge on found (charge) where charge is not null;
  create view listed as select * from found as total where not (total.charge is total.object and coalesce((
    select sum(refund.amount) >= total.amount or sum(refund.credits) <= total.credits from found as refund
    where refund.charge = total.charge and refund.kind = total.kind and refund.object <> total.object), false));`

const KEEP = `
  insert into found (object, kind, reason, fixed, confirmed, credits, amount, currency, charge, whole)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (object, kind) do update set reason = excluded.reason, fixed = excluded.fixed, confirmed = excluded.confirmed,
    credits = excluded.credits, amount = excluded.amount, currency = excluded.currency, charge = excluded.charge, whole = excluded.whole
  where excluded.fixed > found.fixed`

/**
 * Opens a store in a temporary file, not in memory, which would grow with the number of objects. SQLite removes the
 * file as soon as it has opened it, so that nothing is left when the command is killed.
 */
export async function openStore(): Promise<Store> {
  const { DatabaseSync } = await sqlite()
  const db = new DatabaseSync('')
  db.exec(TABLES)
  const keep = db.prepare(KEEP)
  const settled = new Map<string, Difference>()
  return {
    seen: idsIn(db, 'seen'),
    uncredited: idsIn(db, 'uncredited'),
    settled,
    keep(found) {
      for (const one of found) {
        // An event of the object may be found too.
        const known = settled.get(one.object)
        if (one.settled || known?.kind === one.kind) {
          if (!known) settled.set(one.object, one)
          continue
        }
        const { object, kind, reason, fixed, confirmed, credits, amount, currency, charge = null } = one
        const members = [
          object,
          kind,
          reason,
          Number(fixed),
          Number(confirmed),
          credits,
          amount,
          currency,
          charge,
        ]
        keep.run(...members, JSON.stringify(one))
      }
    },
    *rows(which = {}) {
      const { condition, values } = conditionOf(which)
      const page = db.prepare(`select n, whole from listed where n > ? ${condition} order by n limit ${PAGE}`)
      for (
        let rows = page.all(0, ...values);
        rows.length > 0;
        rows = page.all(Number(rows.at(-1)?.n), ...values)
      )
        for (const { whole } of rows) yield JSON.parse(String(whole)) as Difference
    },
    count(which = {}) {
      const { condition, values } = conditionOf(which)
      return Number(
        db.prepare(`select count(*) as count from listed where true ${condition}`).get(...values)?.count,
      )
    },
    sums(kind) {
      const credits = db.prepare('select total(credits) as credits from listed where kind = ?').get(kind)
      const money = db.prepare(`select currency, total(amount) as amount from listed
        where kind = ? and amount is not null and currency is not null group by currency order by min(n)`)
      return {
        credits: Number(credits?.credits),
        money: money
          .all(kind)
          .map(({ amount, currency }) => ({ amount: Number(amount), currency: String(currency) })),
      }
    },
  }
}

function idsIn(db: DatabaseSync, table: 'seen' | 'uncredited'): Seen {
  const add = db.prepare(`insert or ignore into ${table} values (?)`)
  const has = db.prepare(`select object from ${table} where object = ?`)
  return { add: (object) => add.run(object), has: (object) => has.get(object) !== undefined }
}

function conditionOf(which: Which): { condition: string; values: SQLInputValue[] } {
  const given = Object.entries(which)
  return {
    condition: given.map(([name]) => `and ${name} = ?`).join(' '),
    values: given.map(([, value]) => (typeof value === 'boolean' ? Number(value) : value)),
  }
}

/** Node says on standard error that its SQLite is experimental. Its version is pinned here. */
async function sqlite() {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return await import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
