import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as users from '../users/verbs.ts'
import { id } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'

/** The object may be the whole customer or a remnant of it: only its id is certain. */
const customerDeletedEvent = once(() => z.object({ data: z.object({ object: z.object({ id: id() }) }) }))

export const unlinkCustomer: Handler = (event) =>
  users.unlinkCustomer({ stripe_customer_id: read(customerDeletedEvent, event).data.object.id })
