import type { Message, State, User } from './state.ts'

/** One Clerk instance: its users, and what the parts of the stand-in need to act on them. */
export interface Instance {
  id: string
  state: State
  /** Public key of its session tokens, as PEM. Undefined when none is configured. */
  publicKey: string | undefined
  /** Whether webhooks were set up: Svix's page exists only then. */
  hasWebhooks: boolean
  now(): number
  /** Records an event with the user's present state. It is delivered after the response. */
  emit(type: Message['event']['type'], data: User | { id: string }): void
}
