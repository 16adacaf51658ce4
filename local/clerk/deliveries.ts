import { post } from '../deliver.ts'
import { type Services, signedMessage } from './services.ts'
import type { Message } from './state.ts'

/** The response of the endpoint. The status is null when there was none. */
export interface Attempt {
  event: string
  type: string
  status: number | null
  answer: unknown
}

/** Delivers messages one after the other, and signs each when it is sent. Without an endpoint it sends nothing. */
export async function deliver(messages: Message[], endpoint: Services['endpoint']): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  if (!endpoint) return attempts
  for (const message of messages) {
    const signed = await signedMessage(message, endpoint.secret)
    const told = { event: message.id, type: message.event.type }
    attempts.push({ ...told, ...(await post(endpoint.url, signed)) })
  }
  return attempts
}
