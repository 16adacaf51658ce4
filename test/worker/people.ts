import { type ClerkOptions, checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { callWith, type Reply, tokenFor } from './account-support.ts'
import { type DeliveryOptions, deliver, type Env, user } from './support.ts'

type About = Omit<ClerkOptions, 'user'>

/** Clerk reports that this user has signed up. */
export const signUp = (id: string, about: About = {}, options: DeliveryOptions = {}) =>
  deliver('clerk', clerkEvent('user.created', { user: id, ...about }), options)

/** Clerk reports that this user is deleted. */
export const leave = (id: string, options: DeliveryOptions = {}) =>
  deliver('clerk', clerkEvent('user.deleted', { user: id }), options)

/** Returns the id of a new user, who has signed up. */
export async function signedUp(about: About = {}): Promise<string> {
  const id = randomId('user')
  await signUp(id, about)
  return id
}

/** Returns Stripe's event that a user bought a subscription, which links the customer to the user. */
export function linkEvent(id: string, customer = `cus_${id}`) {
  const session = { mode: 'subscription', customer, payment_intent: null, metadata: { user_id: id } }
  return checkoutEvent('checkout.session.completed', { user: id, session })
}

export const link = (id: string, customer?: string) => deliver('stripe', linkEvent(id, customer))

/** Signs up a person, links their Stripe customer, and returns the person. */
export async function linked<Person extends { id: string; customer: string }>(
  person: Person,
): Promise<Person> {
  await signUp(person.id)
  await link(person.id, person.customer)
  return person
}

/** Returns the Stripe customer that is stored for this user. */
export const customerOf = async (id: string) => (await user(id))?.stripe_customer_id

/** Sends a request of this user with a new session token. */
export async function as<Body = Record<string, unknown>>(
  id: string,
  path: string,
  { env = {}, ...init }: RequestInit & { env?: Env } = {},
): Promise<Reply<Body>> {
  return await callWith<Body>(await tokenFor(id), path, init, env)
}
