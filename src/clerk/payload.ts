import * as z from 'zod/mini'
import { once } from '../once.ts'
import { id, instant, storableText } from '../values.ts'

/**
 * Returns the moment that Clerk gives in milliseconds. Some of its published examples have seconds instead, which are
 * recognized because no millisecond since 1973 is as small.
 */
export function clerkMoment(value: unknown): Date | null {
  return instant(typeof value === 'number' && value < 1e11 ? value * 1000 : value)
}

const emailAddress = () =>
  z.object({
    id: z.nullish(z.string()),
    email_address: z.string(),
    verification: z.nullish(z.object({ status: z.nullish(z.string()) })),
  })

/** A user, in the form that both events and Clerk's API have. */
export const clerkUser = once(() =>
  z.object({
    id: id(),
    email_addresses: z.nullish(z.array(emailAddress())),
    primary_email_address_id: z.nullish(z.string()),
    first_name: z.nullish(z.string()),
    last_name: z.nullish(z.string()),
    username: z.nullish(z.string()),
    updated_at: z.pipe(z.transform(clerkMoment), z.date()),
    banned: z.nullish(z.boolean()),
    /** When the person signed up. */
    created_at: z.pipe(z.transform(clerkMoment), z.nullable(z.date())),
  }),
)

export const userEvent = once(() => z.object({ data: clerkUser() }))

/** A deletion that names no user is useless, so `id` is required here. In Clerk's schema it is optional. */
export const userDeletedEvent = once(() => z.object({ data: z.object({ id: id() }) }))

/** The longest address that a mail server accepts (RFC 5321); a unique index can hold it. */
const MAX_ADDRESS_LENGTH = 320

export type ClerkUser = z.output<ReturnType<typeof clerkUser>>

/**
 * Returns the primary address by its id, which may be null or refer to no address; else the first one. Null for
 * phone-only users.
 */
export function primaryEmail(user: ClerkUser): { address: string; verified: boolean } | null {
  const addresses = addressesOf(user)
  return addresses.find(({ id }) => id && id === user.primary_email_address_id) ?? addresses[0] ?? null
}

/** Returns every address that Clerk has verified. */
export const verifiedAddresses = (user: ClerkUser): string[] =>
  addressesOf(user).flatMap(({ address, verified }) => (verified ? [address] : []))

const addressesOf = (user: ClerkUser) =>
  (user.email_addresses ?? []).flatMap(({ id, email_address, verification }) => {
    const address = storableText(email_address)
    return address && address.length <= MAX_ADDRESS_LENGTH
      ? [{ id, address, verified: verification?.status === 'verified' }]
      : []
  })

/** Returns first and last name, else the username. */
export function displayName(user: ClerkUser): string | null {
  return (
    storableText([user.first_name, user.last_name].map(storableText).filter(Boolean).join(' ')) ??
    storableText(user.username)
  )
}
