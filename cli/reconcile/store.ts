import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Seen } from '../../src/reconcile/pass.ts'
import type { Difference, DifferenceKind } from '../../src/reconcile/words.ts'
import type { Money } from './sums.ts'

/** What differences have to be. A member that is missing may be anything. */
export interface Which {
  kind?: DifferenceKind
  reason?: string
  fixed?: boolean
  /** Whether another pass saw it too. */
  confirmed?: boolean
}

/** What one comparison has seen and found. */
export interface Store {
  /** Objects that Stripe's lists had. */
  seen: Seen
  /** By what was paid that is not credited here. */
  uncredited: Seen
  /**
   * Keeps what differs. Of an object and kind that is found again, the first stays, which is the newest state of it, until
   * one of them is put right. The total of a charge is not listed while its refunds are, and take as much or more.
   */
  keep(found: Difference[]): void
  /** In the order in which they were found first. Others may be kept meanwhile. */
  rows(which?: Which): Iterable<Difference>
  count(which?: Which): number
  /** Credits of a kind together, and its money in each currency, in minor units. */
  sums(kind: DifferenceKind): { credits: number; money: Money[] }
}

/** Rows that are read at once. */
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
  return {
    seen: idsIn(db, 'seen'),
    uncredited: idsIn(db, 'uncredited'),
    keep(found) {
      for (const one of found) {
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
