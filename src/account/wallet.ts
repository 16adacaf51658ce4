import * as z from 'zod'
import { readWallet } from '../credits/wallet.ts'
import { invalidRequest, route } from './route.ts'
import { deactivated, granted, signedIn } from './signed-in.ts'

const BAD_CURSOR = 'is not a next_cursor of this wallet'

const entry = z.object({
  id: z.int(),
  kind: z.string(),
  amount: z.int().meta({ description: 'Credits, signed: what comes in is positive' }),
  balance_after: z.int().meta({ description: 'The balance right after this entry' }),
  note: z.string().nullable(),
  created_at: z.iso.datetime(),
})

export const wallet = route({
  method: 'get',
  path: '/api/wallet',
  caller: 'user',
  summary: 'Balance and ledger entries, newest first',
  query: z.object({
    cursor: z
      .string()
      .transform((text, context) => readCursor(text) ?? context.addIssue(BAD_CURSOR) ?? z.NEVER)
      .optional()
      .meta({ description: 'The `next_cursor` of the page before' }),
    limit: z.coerce.number().int().min(1).max(100).default(50),
  }),
  answer: z.object({
    balance: z.int().meta({ description: 'Credits, now' }),
    entries: z.array(entry),
    next_cursor: z.string().nullable().meta({ description: 'Null on the last page' }),
  }),
  refusals: { 403: deactivated },
  handle: async ({ db, userId, settings, query: { cursor, limit } }) => {
    const answer = await readWallet(db, {
      ...signedIn(userId, settings),
      page_size: limit,
      before_id: cursor,
    })
    if ('refused' in answer && answer.refused === 'invalid_cursor')
      throw invalidRequest({ cursor: [BAD_CURSOR] })
    const { balance, entries, next } = granted(answer)
    return {
      balance,
      entries: entries.map((entry) => ({ ...entry, created_at: new Date(entry.created_at).toISOString() })),
      next_cursor: next === null ? null : btoa(String(next)).replaceAll('=', ''),
    }
  },
})

/** Opaque, so that nobody counts on what it is: the id of the entry that the page before ended with. */
function readCursor(text: string): number | null {
  try {
    const [id] = /^\d{1,15}$/.exec(atob(text)) ?? []
    return id === undefined ? null : Number(id)
  } catch {
    return null
  }
}
