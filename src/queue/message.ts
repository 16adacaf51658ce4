import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { Received } from '../webhook/delivery.ts'
import type { Queue } from './queue.ts'

/** The content of a message: the delivery as it came, and how often it was sent again. A stored format. */
export const message = once(() =>
  z.object({
    v: z.literal(1),
    provider: z.enum(['clerk', 'stripe']),
    event_id: z.string(),
    body: z.string(),
    received_at: z.iso.datetime(),
    secret: z.optional(z.int()),
    again: z.optional(z.int()),
  }),
)

/** 128 KB, of which Cloudflare itself takes about 100 bytes (Queues: limits). */
const MOST_BYTES = 128_000 - 200

/** A message that is too large for a queue. */
export class TooLarge extends Error {
  override name = 'too_large'
}

/** Sends a delivery to the queue. Once this resolves, it is durable. @throws TooLarge, and whatever the queue throws */
export async function enqueue(queue: Queue, received: Received): Promise<void> {
  const body = { v: 1, ...received }
  if (mayBeTooLarge(received) && bytesOf(body) > MOST_BYTES) throw new TooLarge()
  await queue.send(body, { contentType: 'json' })
}

/**
 * Whether the exact size has to be computed. In JSON a character takes at most six bytes, and everything besides the
 * body far less than 10,000.
 */
const mayBeTooLarge = ({ body }: Received) => body.length * 6 > MOST_BYTES - 10_000
const bytesOf = (body: object) => new TextEncoder().encode(JSON.stringify(body)).byteLength
