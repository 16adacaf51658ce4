import * as z from 'zod'
import { addressOf, assertFree } from './addresses.ts'
import { ApiError, unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import type { EmailAddress, User } from './state.ts'
import { change, findUser, readBody } from './users.ts'

const createParams = z.strictObject({
  user_id: z.string(),
  email_address: z.email(),
  verified: z.boolean().nullish(),
  primary: z.boolean().nullish(),
})

/** Adds an address to a user, as the person or your backend does. */
export function createEmailAddress(instance: Instance, body: unknown): EmailAddress {
  const { user_id, email_address, verified, primary } = readBody(createParams, body)
  const user = findUser(instance, user_id)
  assertFree(instance, email_address)
  const address = addressOf(email_address, verified === true, instance.now())
  const isPrimary = primary === true || user.email_addresses.length === 0
  change(instance, user, {
    email_addresses: [...user.email_addresses, address],
    ...(isPrimary && { primary_email_address_id: address.id }),
  })
  return address
}

/** Removes an address. To remove the primary one, the user has to name another primary address first. */
export function deleteEmailAddress(instance: Instance, id: string): object {
  const user = holderOf(instance, id)
  if (user.primary_email_address_id === id && user.email_addresses.length > 1)
    throw unprocessable('form_param_value_invalid', 'email_address_id', 'It is the primary email address.')
  const email_addresses = user.email_addresses.filter((address) => address.id !== id)
  const isLast = user.primary_email_address_id === id
  change(instance, user, { email_addresses, ...(isLast && { primary_email_address_id: null }) })
  return { object: 'email_address', id, deleted: true }
}

function holderOf({ state }: Instance, id: string): User {
  for (const user of state.users.values()) {
    if (user.email_addresses.some((address) => address.id === id)) return user
  }
  throw new ApiError(404, {
    message: 'not found',
    long_message: `No email address was found with id ${id}.`,
    code: 'resource_not_found',
  })
}
