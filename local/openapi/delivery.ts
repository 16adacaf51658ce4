import * as z from 'zod/mini'
import { OUTCOMES, type Outcome } from '../../src/webhook/outcome.ts'

const reasons = () => Object.values(OUTCOMES).flatMap((reasons) => Object.keys(reasons))

export const verdict = () =>
  z.object({
    event: z.string(),
    type: z.nullable(z.string()),
    outcome: z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]),
    reason: z.nullable(z.enum(reasons() as [string, ...string[]])),
  })

export const delivery = () =>
  z.object({
    ...verdict().shape,
    provider: z.string(),
    via: z.string(),
    attempts: z.int(),
    user_id: z.nullable(z.string()),
    occurred_at: z.nullable(z.string()),
    received_at: z.string(),
    settled_at: z.nullable(z.string()),
    build: z.nullable(z.string()).check(z.describe('The build that decided it')),
    settings_hash: z.nullable(z.string()).check(z.describe('The hash of the settings that decided it')),
  })

/** A delivery with what it waits for. */
export const shown = () =>
  z.object({
    ...delivery().shape,
    sqlstate: z.nullable(z.string()).check(z.describe('The code with which Postgres refused it')),
    about: z.nullable(z.array(z.string())).check(z.describe('Ids of the objects that it is about')),
    is_final: z.boolean(),
    verb: z.nullable(z.string()).check(z.describe('The function that applies it when it no longer waits')),
    waits_for: z.array(z.object({ subject: z.string(), retry_at: z.nullable(z.string()) })),
  })

export const entry = () =>
  z.object({
    id: z.int(),
    user_id: z.string(),
    kind: z.string(),
    amount: z.int().check(z.describe('Credits, signed')),
    balance_after: z.int(),
    payment: z.nullable(z.string()),
    note: z.nullable(z.string()),
    key: z.string(),
    reference: z.nullable(z.string()).check(z.describe('What a spend was for')),
    caller: z.nullable(z.string()).check(z.describe('The name of the service token that asked for it')),
    campaign: z.nullable(z.string()),
    created_at: z.string(),
    given_back: z.nullable(z.int()).check(z.describe('For a spend: credits that came back')),
    reverses: z
      .nullable(z.object({ id: z.int(), key: z.string(), amount: z.int() }))
      .check(z.describe('For a give-back: the spend')),
    delivery: z.nullable(delivery()).check(z.describe('The delivery that caused it')),
    says: z.string().check(z.describe('The entry in plain words')),
  })
