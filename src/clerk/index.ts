import { idOf, member } from '../values.ts'
import type { Provider } from '../webhook/provider.ts'
import { closeUser } from './close-user.ts'
import { clerkMoment } from './payload.ts'
import { syncUser } from './sync-user.ts'
import { verify } from './verify.ts'

/** Add events here: Clerk's event type, our handler. */
const events = {
  // Both are one verb: either may come first, and the newer `updated_at` counts.
  'user.created': syncUser,
  'user.updated': syncUser,
  // Final, even if it comes before the others.
  'user.deleted': closeUser,
}

export const clerk: Provider = {
  name: 'clerk',
  events,
  verify,
  // Svix gives the message an id in a signed header, and keeps it for every retry and resend.
  envelope(event, headers) {
    const data = member(event, 'data')
    return {
      eventId: idOf(headers.get('svix-id')),
      type: idOf(member(event, 'type')),
      occurredAt: clerkMoment(member(data, 'updated_at')) ?? clerkMoment(member(event, 'timestamp')),
      livemode: null,
      userId: idOf(member(data, 'id')),
      about: idOf(member(data, 'id')) !== null ? [String(member(data, 'id'))] : [],
    }
  },
  screen(event, { CLERK_INSTANCE_ID }) {
    if (!CLERK_INSTANCE_ID || member(event, 'instance_id') === CLERK_INSTANCE_ID) return null
    return { outcome: 'ignored', reason: 'instance_mismatch' }
  },
}
