import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type LocalClerk, startClerk } from '../../local/clerk/server.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import type { Stack } from '../support/control.ts'
import { run } from './command.ts'
import { SECRETS } from './replay-support.ts'

const KEY = 'sk_test_0123456789abcdef'
/** Several pages of each: 500 users, 100 customers. */
const MANY = 1_100

let stack: Stack
let clerk: LocalClerk
const dir = makeScratchDir('memory')

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, {
    method: 'POST',
    body: JSON.stringify({ secretKey: KEY }),
  })
  stack = (await response.json()) as Stack
  clerk = await startClerk({ port: 0, secretKey: KEY, instanceId: 'ins_ours' })
})
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true })
  await clerk?.stop()
})

const post = (url: string, body: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(body) })

it('keeps neither what it has compared nor what differs in memory', async () => {
  const people = Array.from({ length: MANY }, (_, n) => n)
  const created_at = (n: number) => new Date(1_700_000_000_000 + n).toISOString()
  await post(
    `${clerk.url}/test/users`,
    people.map((n) => ({
      id: `user_kept_${n}`,
      email_address: [`${n}@example.com`],
      created_at: created_at(n),
    })),
  )
  await post(`${stack.stripeUrl}/test/seed`, {
    customers: people.map((n) => ({
      id: `cus_kept_${n}`,
      object: 'customer',
      created: 1_700_000_000,
      metadata: {},
    })),
  })
  const given = {
    ...SECRETS,
    databaseUrl: stack.databaseUrl,
    DATABASE_URL: stack.databaseUrl,
    STRIPE_SECRET_KEY: KEY,
    STRIPE_API_BASE: stack.stripeUrl,
    CLERK_SECRET_KEY: KEY,
    CLERK_API_BASE: clerk.url,
    CLERK_INSTANCE_ID: 'ins_ours',
  }
  const { code, output } = await run('test/node/reconcile-memory.ts', [dir, JSON.stringify(given)], dir)
  expect([code, output]).toEqual([0, expect.stringContaining('{')])
  const { kept, looked, found } = JSON.parse(output.slice(output.lastIndexOf('\n') + 1))
  expect([found, looked.customers]).toEqual([MANY, MANY])
  // At most the last page, which the garbage collector may not have removed.
  for (const at of [kept['under way'], kept['at the end']]) {
    expect(at.users).toBeLessThanOrEqual(500)
    expect(at.customers).toBeLessThanOrEqual(100)
  }
}, 120_000)
