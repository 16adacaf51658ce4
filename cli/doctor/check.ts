import type { Settings } from '../../src/settings.ts'
import type { Context } from './context.ts'

export const GROUPS = ['settings', 'stripe', 'clerk', 'worker', 'database'] as const
export type Group = (typeof GROUPS)[number]

/** What a check found. Its texts have ids, names of settings and hosts in them, never a secret and never a person. */
export type Finding =
  | { result: 'pass'; says: string }
  /** `costs` is what it costs where that is not what the check says of itself. */
  | { result: 'warn' | 'fail'; says: string; do: string; costs?: string; isBlind?: true }

export interface Check {
  group: Group
  name: string
  /** What a failure costs, as a sentence without its stop. */
  costs: string
  /** Settings without which there is nothing to look at. */
  needs?: (keyof Settings)[]
  /** Whether the group's other checks say nothing when this one fails. */
  isGate?: boolean
  run(context: Context): Promise<Finding> | Finding
}

export const pass = (says: string): Finding => ({ result: 'pass', says })

export const warn = (says: string, what: string, costs?: string): Finding => ({
  result: 'warn',
  says,
  do: what,
  ...(costs && { costs }),
})

/** What could not be looked at. */
export const blind = (says: string, what: string): Finding => ({
  result: 'warn',
  says,
  do: what,
  isBlind: true,
})

export const fail = (says: string, what: string, costs?: string): Finding => ({
  result: 'fail',
  says,
  do: what,
  ...(costs && { costs }),
})

/** A few of many, for a line. */
export function few(names: string[], most = 6): string {
  const more = names.length - most
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}

/** How a person gives the Worker a secret. */
export const putting = (name: string) => `npx wrangler secret put ${name} --env production`
