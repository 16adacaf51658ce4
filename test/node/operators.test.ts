import { execFile } from 'node:child_process'
import { Client } from 'pg'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { Stack } from '../support/control.ts'

let databaseUrl = ''

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  databaseUrl = ((await response.json()) as Stack).databaseUrl
  const client = new Client(databaseUrl)
  await client.connect()
  await client.query(`insert into wallets (user_id) values ('user_ada')`)
  await client.query(`insert into webhook_events (provider, event_id, type, outcome, reason, user_id)
    values ('stripe', 'evt_1', 'checkout.session.completed', 'rejected', 'customer_mismatch', 'user_ada')`)
  await client.end()
})

/** What a command prints on either stream, and its exit code. */
function run(command: string, ...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, DATABASE_URL: databaseUrl, NO_COLOR: '1' } }
    execFile(process.execPath, [`local/${command}.ts`, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: (stdout + stderr).trim() }),
    )
  })
}
const adjust = (...args: string[]) => run('adjust', ...args)

describe('npm run adjust', () => {
  it('gives and takes, once per key', async () => {
    const given = ['user_ada', '50', '--note', 'Sorry for the outage', '--key', 'ticket-17']
    expect(await adjust(...given)).toEqual({ code: 0, text: 'the balance of user_ada was 50 right after it' })
    expect(await adjust('user_ada', '-80', '--note', 'Given twice', '--key', 'ticket-18')).toMatchObject({
      text: 'the balance of user_ada was -30 right after it',
    })
    expect(await adjust(...given)).toMatchObject({ text: 'the balance of user_ada was 50 right after it' })
  })

  it.each([
    [['user_ada', '50', '--key', 'k'], '--note is missing'],
    [['user_ada', '50', '--note', ' ', '--key', 'k'], '--note is missing'],
    [['user_ada', '50', '--note', 'n'], '--key is missing'],
    [['user_ada', '5.5', '--note', 'n', '--key', 'k'], 'whole number'],
    [['user_ada', '0', '--note', 'n', '--key', 'k'], 'whole number'],
    [['user_ada', '--note', 'n', '--key', 'k'], 'name a user and an amount'],
    [['user_bob', '50', '--note', 'n', '--key', 'k'], 'there is no wallet'],
    [['user_ada', '51', '--note', 'n', '--key', 'ticket-17'], 'another adjustment'],
  ])('refuses %j: %s', async (args, why) => {
    const { code, text } = await adjust(...args)
    expect(code).toBe(1)
    expect(text).toContain(why)
    expect(text.split('\n')).toHaveLength(1)
  })
})

describe('npm run explain', () => {
  it('tells each entry, what is rejected, and the sum', async () => {
    const { code, text } = await run('explain', 'user_ada')
    expect([code, text]).toEqual([0, expect.any(String)])
    expect(text).toContain('50 credits given by a person: Sorry for the outage')
    expect(text).toContain('-80 → -30')
    expect(text).toContain('sum -30, balance of user_ada -30')
    expect(text).toContain('stripe checkout.session.completed evt_1: rejected / customer_mismatch')
    expect(JSON.parse((await run('explain', 'user_ada', '--json')).text)).toMatchObject({ sum: -30 })
  })

  it('says in one line what it cannot do, without the password', async () => {
    expect(await run('explain', 'pi_unknown')).toEqual({ code: 1, text: 'nothing is known of pi_unknown' })
    expect((await run('explain')).text).toContain('name one user, payment or event')
    const real = databaseUrl
    databaseUrl = 'postgres://ada:hunter2@127.0.0.1:1/nothing'
    const { code, text } = await run('explain', 'user_ada')
    databaseUrl = real
    expect([code, text]).toEqual([1, 'the database does not answer (ECONNREFUSED): is it migrated?'])
  })
})
