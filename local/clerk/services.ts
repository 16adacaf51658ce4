import { type SignedEvent, signedEvent } from '../deliver.ts'
import { createFaultQueue } from '../fault-queue.ts'
import { randomId } from '../ids.ts'
import { keep, restore } from '../kept.ts'
import { createRateLimit } from '../rate-limit.ts'
import { unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import { createState, type Message } from './state.ts'

export interface ServicesOptions {
  /** The only key that is accepted. */
  secretKey: string
  instanceId: string
  /** The public key of session tokens, as PEM. */
  publicKey?: string | undefined
  /** Where events are delivered. Without it they are only recorded: `GET /test/events`. */
  webhookUrl?: string | undefined
  webhookSecret?: string | undefined
  /** The file that keeps users and events between runs. Without it they are in memory only. */
  file?: string | undefined
}

/**
 * - `hang`: nothing is done, and there is no response
 * - `drop`: the connection breaks before anything is done
 * - `rate_limit`, `server_error`: 429 and 500, before anything is done
 */
export const FAULTS = ['none', 'hang', 'drop', 'rate_limit', 'server_error'] as const

export type Services = ReturnType<typeof createServices>

/** Creates what the API and the controls of one local Clerk share. */
export function createServices({ secretKey, instanceId, publicKey, file, ...webhook }: ServicesOptions) {
  const state = createState()
  if (file) restore(state, file)
  let emitted: Message[] = []
  const instance: Instance = {
    id: instanceId,
    state,
    publicKey,
    hasWebhooks: true,
    now: Date.now,
    emit(type, data) {
      const message: Message = {
        id: randomId('msg'),
        event: {
          object: 'event',
          type,
          instance_id: instanceId,
          timestamp: Date.now(),
          data: structuredClone(data),
          event_attributes: { http_request: { client_ip: '127.0.0.1', user_agent: 'the local Clerk' } },
        },
      }
      state.messages.set(message.id, message)
      emitted.push(message)
    },
  }
  const { webhookUrl, webhookSecret } = webhook
  return {
    instance,
    secretKey,
    endpoint: webhookUrl && webhookSecret ? { url: webhookUrl, secret: webhookSecret } : undefined,
    faults: createFaultQueue(FAULTS, (message) => unprocessable('form_param_value_invalid', 'next', message)),
    limit: createRateLimit(),
    requests: [] as { method: string; path: string; query: string; status: number }[],
    /** Runs an action, and collects the events that it emits. */
    recorded<T>(act: () => T): { result: T; messages: Message[] } {
      emitted = []
      const result = act()
      if (file && emitted.length > 0) keep(state, file)
      return { result, messages: emitted }
    },
  }
}

/** Signs a message with Svix's own library, as Clerk does. */
export const signedMessage = ({ id, event }: Message, secret: string): Promise<SignedEvent> =>
  signedEvent('clerk', event, { secret, messageId: id })
