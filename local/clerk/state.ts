/**
 * A user in Clerk's Backend API. The types name the members that this stand-in uses; the others come from the fixture.
 */
export interface User {
  [member: string]: unknown
  id: string
  object: 'user'
  external_id: string | null
  username: string | null
  first_name: string | null
  last_name: string | null
  primary_email_address_id: string | null
  email_addresses: EmailAddress[]
  banned: boolean
  last_sign_in_at: number | null
  last_active_at: number | null
  /** Milliseconds, like all times of Clerk's. */
  created_at: number
  updated_at: number
}

export interface EmailAddress {
  [member: string]: unknown
  id: string
  object: 'email_address'
  email_address: string
  verification: { status: 'verified' | 'unverified'; strategy: string } | null
}

/** An event and the id of its Svix message, which every resend keeps. */
export interface Message {
  id: string
  event: {
    object: 'event'
    type: 'user.created' | 'user.updated' | 'user.deleted'
    instance_id: string
    timestamp: number
    data: Record<string, unknown> & { id: string }
    event_attributes: object
  }
}

export function createState() {
  return { users: new Map<string, User>(), messages: new Map<string, Message>() }
}

export type State = ReturnType<typeof createState>
