import { randomId } from '../ids.ts'
import { unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import type { EmailAddress } from './state.ts'

/** Returns an e-mail address that belongs to nobody yet. */
export function addressOf(address: string, verified: boolean, now: number): EmailAddress {
  const verification = {
    status: verified ? ('verified' as const) : ('unverified' as const),
    strategy: 'admin',
    attempts: null,
    expire_at: null,
  }
  return {
    id: randomId('idn'),
    object: 'email_address',
    email_address: address,
    reserved: !verified,
    verification,
    linked_to: [],
    matches_sso_connection: false,
    created_at: now,
    updated_at: now,
  }
}

/** @throws ApiError when another user has the address: it is unique in an instance */
export function assertFree({ state }: Instance, address: string): void {
  const wanted = address.toLowerCase()
  const isTaken = [...state.users.values()].some(({ email_addresses }) =>
    email_addresses.some(({ email_address }) => email_address.toLowerCase() === wanted),
  )
  if (isTaken)
    throw unprocessable(
      'form_identifier_exists',
      'email_address',
      'That email address is taken. Please try another.',
    )
}
