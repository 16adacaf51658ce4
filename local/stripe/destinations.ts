import * as z from 'zod'
import type { Account } from './account.ts'

/** `include[0]=webhook_endpoint.url`: without it Stripe does not show the address. */
export const destinationParams = z.strictObject({
  include: z.array(z.string()).optional(),
  limit: z.string().optional(),
})

/** Returns the destinations in the form of Stripe's v2 API: all on one page, because there are few. */
export function listDestinations(
  { state }: Account,
  _id: string,
  { include = [] }: z.output<typeof destinationParams>,
) {
  const isShown = include.includes('webhook_endpoint.url')
  const data = [...state.eventDestinations.values()].map(({ webhook_endpoint, ...destination }) => ({
    ...destination,
    ...(isShown && { webhook_endpoint }),
  }))
  return { data, next_page_url: null, previous_page_url: null }
}
