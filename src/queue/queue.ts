/** The part of Cloudflare Queues that is used here. */
export interface Queue {
  /** Resolves once the message is stored. */
  send(body: unknown, options?: { contentType?: 'json'; delaySeconds?: number }): Promise<unknown>
}

export interface QueuedMessage {
  readonly id: string
  /** When it was sent. */
  readonly timestamp: Date
  /** Counted from 1. */
  readonly attempts: number
  readonly body: unknown
  ack(): void
  retry(options?: { delaySeconds?: number }): void
}

export interface Batch {
  /** The name of the queue. */
  readonly queue: string
  readonly messages: readonly QueuedMessage[]
}

/** Returns the queue that is bound as `SPILL`, if one is. */
export const spillQueue = (env: object): Queue | undefined => (env as { SPILL?: Queue }).SPILL
