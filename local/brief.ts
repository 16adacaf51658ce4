import { type Answer, json, type Request } from './http-messages.ts'
import { type Delivered, deliveredLine } from './web-page.ts'

/** Picks the members of an object of Stripe's or Clerk's that a person looks for. */
const MATTERS = (
  'id object type method path status payment_status amount amount_total amount_paid currency customer subscription ' +
  'latest_invoice charge payment_intent metadata banned'
).split(' ')

/**
 * Returns a stand-in's response to a request with `?brief`: the members of each object that matter, and one line for
 * each webhook.
 */
export function briefly({ query }: Request, answer: Answer): Answer {
  if (!new URLSearchParams(query).has('brief')) return answer
  return json(brief(JSON.parse(answer.body)), answer.status, answer.headers)
}

function brief(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(brief)
  if (typeof value !== 'object' || value === null) return value
  if ('deliveries' in value) {
    const { deliveries, events, ...about } = value as { deliveries: unknown; events: unknown }
    return { deliveries: brief(deliveries), ...Object.fromEntries(Object.entries(about).map(briefMember)) }
  }
  if (isDelivered(value)) return `${value.event} ${deliveredLine(value)}`
  if (isMessage(value)) return { id: value.id, type: value.event.type, user: value.event.data.id }
  const short = Object.fromEntries(
    MATTERS.filter((name) => (Reflect.get(value, name) ?? null) !== null).map((name) => [
      name,
      Reflect.get(value, name),
    ]),
  )
  // A value without these members is not an object but a count.
  return Object.keys(short).length > 0 ? short : value
}

const briefMember = ([name, value]: [string, unknown]) => [name, brief(value)]

const isDelivered = (value: object): value is Delivered & { event: string } =>
  'answer' in value && 'event' in value && 'type' in value

/** Whether a value is one of Clerk's messages. */
const isMessage = (value: object): value is { id: string; event: { type: string; data: { id: string } } } =>
  'event' in value && typeof value.event === 'object' && value.event !== null && 'data' in value.event
