import type { Vars } from '../../local/dev-vars.ts'
import type { Ground } from './ground.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

export interface WithQueue {
  /** Receives deliveries and sends them to the queue. */
  producer: Workerd
  /** Commits the messages from the queue. */
  consumer: Workerd
  /** Returns how many messages are not acknowledged yet. */
  left(): Promise<number>
  stop(): Promise<void>
}

/**
 * Runs Ledgerhook with the queue `SPILL` twice, as Cloudflare does: once for deliveries, and once for messages from the
 * queue, in batches of 50 of which four are in progress at a time. The queue is `workers/queue.ts`.
 */
export async function startWithQueue(ground: Ground, settings: Vars): Promise<WithQueue> {
  const [{ path: bundlePath }, { path }] = await Promise.all([
    ground.bundle('ledgerhook'),
    ground.bundle('queue'),
  ])
  const consumer = ground.holds(await startWorkerd({ bundlePath, settings, queue: { path, isDoor: true } }))
  const queue = { path, door: consumer.url }
  const producer = ground.holds(await startWorkerd({ bundlePath, settings, queue }))
  const stop = async () => {
    await producer.stop()
    await consumer.stop()
  }
  const left = async () => {
    const response = await fetch(`http://127.0.0.1:${producer.ports.queue}/left`)
    return ((await response.json()) as { left: number }).left
  }
  return { producer, consumer, left, stop }
}
