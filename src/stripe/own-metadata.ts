import { idOf, member } from '../values.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { readCredits } from './payload.ts'

/** Whether the metadata of a PaymentIntent or an invoice says that it sells credits. */
export const sellsCredits = (metadata: unknown) => member(metadata, 'credits') !== undefined

/**
 * Returns the user whom this metadata names and the number of credits, or a verdict if it does not give them in a
 * usable form.
 */
export function readSale(metadata: unknown): Verdict | { userId: string; credits: number } {
  const userId = idOf(member(metadata, 'user_id'))
  const credits = readCredits(member(metadata, 'credits'))
  if (!userId || credits === null) return { outcome: 'rejected', reason: 'invalid_metadata' }
  return { userId, credits }
}
