import type { Settings } from '../../src/settings.ts'
import type { Context } from './context.ts'

export const GROUPS = ['settings', 'stripe', 'clerk', 'worker', 'database'] as const
export type Group = (typeof GROUPS)[number]

/** The result of a check. Its texts contain ids, names of settings and hosts, but never a secret or personal data. */
export type Finding =
  | { result: 'pass'; says: string }
  /** `costs` is set only if it differs from the check's own `costs`. */
  | { result: 'warn' | 'fail'; says: string; do: string; costs?: string; isBlind?: true }

export interface Check {
  group: Group
  name: string
  /** What a failure costs, as a sentence without its full stop. */
  costs: string
  /** Settings that the check needs to have anything to look at. */
  needs?: (keyof Settings)[]
  /** Whether the group's other checks are not reported when this one fails. */
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

/** Returns a finding that says what could not be checked. */
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

/** Joins a few of many names for one line. */
export function few(names: string[], most = 6): string {
  const more = names.length - most
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}

/** Returns the command that sets a secret of the Worker. */
export const putting = (name: string) => `npx wrangler secret put ${name} --env production`
