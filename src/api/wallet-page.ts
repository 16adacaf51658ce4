import * as z from 'zod/mini'
import { wholeNumber } from './fields.ts'
import type { readWallet, WalletPage } from './read-wallet.ts'
import { invalidRequest } from './route.ts'

const BAD_CURSOR = 'is not a next_cursor of this wallet'

const cursor = () =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }) => {
      const id = readCursor(text)
      if (id === null) issues.push({ code: 'custom', message: BAD_CURSOR, input: text })
      return id ?? z.NEVER
    }),
  )

/** The page of a wallet that a request asks for. */
export const pageQuery = () =>
  z.object({
    cursor: z.optional(cursor()).check(z.describe('The `next_cursor` of the page before')),
    limit: z._default(wholeNumber(1, 100, z.coerce.number()), 50),
  })

const entry = () =>
  z.object({
    id: z.int(),
    kind: z.string(),
    amount: z.int().check(z.describe('Credits, signed: what comes in is positive')),
    balance_after: z.int().check(z.describe('The balance right after this entry')),
    note: z.nullable(z.string()),
    reference: z.nullable(z.string()).check(z.describe('What a spend was for: a job, an order')),
    created_at: z.iso.datetime(),
  })

/** A page of a wallet in a response. */
export const page = () =>
  z.object({
    balance: z.int().check(z.describe('Credits, now')),
    entries: z.array(entry()),
    next_cursor: z.nullable(z.string()).check(z.describe('Null on the last page')),
  })

type Answer = Awaited<ReturnType<typeof readWallet>>

/** Returns the result, unless the cursor is another wallet's. @throws Refusal 400 */
export function orBadCursor(answer: Answer): Exclude<Answer, { refused: 'invalid_cursor' }> {
  if ('refused' in answer && answer.refused === 'invalid_cursor')
    throw invalidRequest({ cursor: [BAD_CURSOR] })
  return answer as Exclude<Answer, { refused: 'invalid_cursor' }>
}

export const shown = ({ balance, entries, next }: WalletPage) => ({
  balance,
  entries: entries.map((entry) => ({ ...entry, created_at: new Date(entry.created_at).toISOString() })),
  next_cursor: next === null ? null : btoa(String(next)).replaceAll('=', ''),
})

/**
 * Returns the entry's id that a cursor stands for: the last entry of the page before. A cursor is opaque, so that
 * callers do not rely on its content.
 */
function readCursor(text: string): number | null {
  try {
    const [id] = /^\d{1,15}$/.exec(atob(text)) ?? []
    return id === undefined ? null : Number(id)
  } catch {
    return null
  }
}
