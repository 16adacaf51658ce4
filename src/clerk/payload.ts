import * as z from 'zod/mini'
import { once } from '../once.ts'
import { id, instant, storableText } from '../values.ts'

/** Clerk's moments are milliseconds. Its published examples have seconds in places: no millisecond since 1973 is as small. */
export function clerkMoment(value: unknown): Date | null {
  return instant(typeof value === 'number' && value < 1e11 ? value * 1000 : value)
}

const emailAddress = () =>
  z.object({
    id: z.nullish(z.string()),
    email_address: z.string(),
    verification: z.nullish(z.object({ status: z.nullish(z.string()) })),
  })

/** A user, as events and Clerk's API have it. */
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

/** A deletion that names no user is of no use: Clerk's schema has `id` optional. */
export const userDeletedEvent = once(() => z.object({ data: z.object({ id: id() }) }))

/** What a mail server takes (RFC 5321), and a unique index can hold. */
const MAX_ADDRESS_LENGTH = 320

export type ClerkUser = z.output<ReturnType<typeof clerkUser>>

/** The primary address by its id, which may be null or dangle; then the first one. Null for phone-only users. */
export function primaryEmail(user: ClerkUser): { address: string; verified: boolean } | null {
  const addresses = addressesOf(user)
  return addresses.find(({ id }) => id && id === user.primary_email_address_id) ?? addresses[0] ?? null
}

/** Every address that Clerk has verified. */
export const verifiedAddresses = (user: ClerkUser): string[] =>
  addressesOf(user).flatMap(({ address, verified }) => (verified ? [address] : []))

const addressesOf = (user: ClerkUser) =>
  (user.email_addresses ?? []).flatMap(({ id, email_address, verification }) => {
    const address = storableText(email_address)
    return address && address.length <= MAX_ADDRESS_LENGTH
      ? [{ id, address, verified: verification?.status === 'verified' }]
      : []
  })

/** First and last name, else the username. */
export function displayName(user: ClerkUser): string | null {
  return (
    storableText([user.first_name, user.last_name].map(storableText).filter(Boolean).join(' ')) ??
    storableText(user.username)
  )
}
