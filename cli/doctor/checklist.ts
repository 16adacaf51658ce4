import { TAKES } from '../../src/settings/misconfigured.ts'
import { type Settings, settingsSchema } from '../../src/settings.ts'
import type { Context, Vars } from './context.ts'

type Name = keyof Settings

/** Local only: nobody has to set them. */
const LOCAL_ONLY: Name[] = ['NEON_FETCH_ENDPOINT', 'STRIPE_API_BASE', 'CLERK_API_BASE']

/** Why one would set what the Worker does not need by itself. The others have a value that will do. */
const WHAT_FOR: Partial<Record<Name, string>> = {
  DATABASE_URL: 'everything',
  CLERK_WEBHOOK_SECRET: 'users',
  STRIPE_WEBHOOK_SECRET: 'payments',
  STRIPE_SECRET_KEY: 'selling, and which mode is meant',
  CLERK_JWT_KEY: 'signed-in users',
  CLERK_SECRET_KEY: 'users whose session comes first, and comparing with Clerk',
  CLERK_INSTANCE_ID: 'ignoring other instances',
  CLERK_ISSUER: 'refusing tokens of other instances',
  APP_ORIGINS: 'calls from browsers',
  APP_URL: 'coming back from Checkout',
  SERVICE_TOKEN: 'calls of your backend: spending, granting',
  OPS_TOKEN: 'asking whether it is ready',
  CREDIT_PACKS: 'selling credits',
  PLANS: 'selling plans',
  GRANT_LIMIT: 'granting credits',
  CAMPAIGNS: 'granting credits',
  EVENTS_URL: 'telling your app what happens',
  EVENTS_SECRET: 'signing what your app is told',
  LOW_BALANCE: 'telling your app of low balances',
  SIGNUP_BONUS_SINCE: 'a bonus for people who signed up before Ledgerhook was there',
}

export interface Item {
  name: string
  /** `default`: unset, and as good as set. `missing`: unset, and the Worker does without what it is for. */
  state: 'set' | 'default' | 'missing' | 'required' | 'refused'
  /** What it is for, where it has to be said. */
  for: string | undefined
  takes: string | undefined
}

/** Returns everything that can be set, with what is still missing. Never a value. */
export function checklist({ given, settings }: Context): Item[] {
  return Object.entries(settingsSchema().shape)
    .filter(([name]) => !LOCAL_ONLY.includes(name as Name))
    .map(([name, schema]) => ({
      ...{ name, for: WHAT_FOR[name as Name], takes: TAKES[name] },
      state: isBlank(given, name) ? ifUnset(schema, name as Name) : name in settings ? 'set' : 'refused',
    }))
}

const isBlank = (given: Vars, name: string) => (given[name] ?? '').trim() === ''

function ifUnset(schema: { safeParse(value: unknown): { success: boolean } }, name: Name): Item['state'] {
  if (!schema.safeParse(undefined).success) return 'required'
  return WHAT_FOR[name] ? 'missing' : 'default'
}
