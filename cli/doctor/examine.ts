import Stripe from 'stripe'
import { saying } from '../shared/command.ts'
import { LocalError } from '../shared/errors.ts'
import { blind, type Check, type Finding, fail, GROUPS } from './check.ts'
import { ClerkTrouble } from './clerk-api.ts'
import type { Context } from './context.ts'
import { disconnect, NotTheOwner } from './database.ts'
import { troubleOf } from './stripe-account.ts'

/** A check with its finding. */
export interface Examined {
  group: Check['group']
  name: string
  finding: Finding
  /** What the failure costs. Undefined if all is well. */
  costs: string | undefined
}

/** Runs every check, group by group. An error in a check becomes a finding and is not thrown. */
export async function examine(context: Context, checks: Check[]): Promise<Examined[]> {
  const examined: Examined[] = []
  try {
    for (const group of GROUPS) {
      const members = checks.filter((check) => check.group === group)
      examined.push(...(await saying(`examining ${group}`, examineGroup(context, members))))
    }
  } finally {
    await disconnect(context)
  }
  return examined
}

async function examineGroup(context: Context, checks: Check[]): Promise<Examined[]> {
  const examined: Examined[] = []
  let closed: string | undefined
  for (const check of checks) {
    const finding = closed ? shut(closed) : await find(context, check)
    if (check.isGate && finding.result === 'fail') closed = check.name
    examined.push({
      group: check.group,
      name: check.name,
      finding,
      costs: finding.result === 'pass' ? undefined : (finding.costs ?? check.costs),
    })
  }
  return examined
}

const shut = (gate: string): Finding => blind('not looked at', `see ${gate}`)

async function find(context: Context, check: Check): Promise<Finding> {
  const missing = check.needs?.filter((name) => context.settings[name] === undefined) ?? []
  const refused = missing.filter((name) => context.given[name])
  if (refused.length > 0)
    return blind(
      `cannot be looked at while ${refused.join(' and ')} cannot be used`,
      'see settings-valid and settings-placeholders',
    )
  if (missing.length > 0)
    return blind(
      `cannot be looked at without ${missing.join(' and ')}`,
      `set ${missing.length > 1 ? 'them' : 'it'} where you run this command`,
    )
  try {
    return await check.run(context)
  } catch (error) {
    return troubled(error)
  }
}

/**
 * Returns a finding for an error in a check. It does not show a library's message, because that may contain values that
 * the library was given.
 */
function troubled(error: unknown): Finding {
  if (error instanceof NotTheOwner)
    return blind(
      'the login of DATABASE_URL may not look at this',
      'run this command with the owner’s DATABASE_URL',
    )
  // The check of permissions says what it costs.
  if (error instanceof Stripe.errors.StripePermissionError)
    return blind('the restricted key may not look at this', 'see stripe-permissions')
  if (error instanceof LocalError) return fail(error.message, 'correct DATABASE_URL')
  if (error instanceof ClerkTrouble) return fail(error.message, 'try again when it can be reached')
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
    return fail(`the database failed (${code})`, 'npm run migrate, if it was never migrated')
  return fail(troubleOf(error), 'try again when it can be reached')
}
