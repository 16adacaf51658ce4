import { execFile } from 'node:child_process'
import { Client } from 'pg'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import type { Stack } from '../support/control.ts'

let databaseUrl = ''
let client: Client

/** Twelve renewals of eleven users wait for a price, and one waits for another price. */
beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  databaseUrl = ((await response.json()) as Stack).databaseUrl
  client = new Client(databaseUrl)
  await client.connect()
  for (let number = 0; number < 13; number++) {
    const user = `user_${number % 11}`
    await client.query('insert into wallets (user_id) values ($1) on conflict do nothing', [user])
    await client.query('insert into users (id) values ($1) on conflict do nothing', [user])
    const event = invoiceEvent('invoice.paid', {
      event: `evt_${number}`,
      invoice: `in_${number}`,
      subscription: `sub_${number}`,
      user,
      customer: `cus_${user}`,
      price: number === 12 ? 'price_other' : 'price_forgotten',
    })
    // A one-time price that was added to the invoice.
    const lines = event.data.object.lines as { data: object[] }
    const fee = {
      amount: 700,
      proration: false,
      parent: null,
      pricing: { price_details: { price: 'price_fee' } },
    }
    if (number === 0) lines.data.push({ ...structuredClone(lines.data[0]), id: 'il_fee', ...fee })
    const facts = { stripe_invoice_id: `in_${number}` }
    await client.query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, payload, effect)
       values ('stripe', $1, 'invoice.paid', 'parked', 'unknown_price', $2, $3, $4)`,
      [`evt_${number}`, user, event, { verb: 'credit_invoice', facts }],
    )
  }
  return async () => await client.end()
})

function preview(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, DATABASE_URL: databaseUrl, NO_COLOR: '1' } }
    execFile(process.execPath, ['cli/preview.ts', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: (stdout + stderr).trim() }),
    )
  })
}
const plans = (credits: number) => JSON.stringify({ price_forgotten: { key: 'pro', credits } })

describe('npm run preview', () => {
  it('says what PLANS would grant before it is deployed, and changes nothing', async () => {
    const tables = ['credit_ledger', 'payments', 'webhook_events', 'waiting', 'plan_prices']
    const { rows } = await client.query<{ name: string }>(
      `select relname::text as name from pg_class where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r'`,
    )
    const there = rows.map(({ name }) => name).filter((name) => tables.includes(name))
    const contents = async () =>
      await Promise.all(
        there.map(async (name) => (await client.query(`select * from ${name} order by 1, 2`)).rows),
      )
    const before = await contents()
    const { code, text } = await preview('--plans', plans(1000))
    const { host } = new URL(databaseUrl)
    expect([code, text.split('\n')]).toEqual([
      0,
      [
        `${host}: 13 invoices waiting for a price`,
        '  price_forgotten: 12 invoices',
        '  price_fee: 1 invoice',
        '  price_other: 1 invoice',
        'with these PLANS 12 invoices of 11 users would grant 12,000 credits',
        '  1 invoice still waiting, because these PLANS do not know the price',
      ],
    ])
    expect(await contents()).toEqual(before)
  })

  it('prints JSON, and grants nothing for a price with 0 credits', async () => {
    const { text } = await preview('--plans', plans(5), '--json')
    expect(JSON.parse(text)).toMatchObject({
      waiting: 13,
      more: false,
      would: { invoices: 12, users: 11, credits: 60 },
      prices: [{ price: 'price_forgotten', count: 12 }, { price: 'price_fee' }, { price: 'price_other' }],
    })
    const free = JSON.parse((await preview('--plans', plans(0), '--json')).text)
    expect(free.would).toEqual({ invoices: 0, users: 0, credits: 0 })
  })

  it('leaves out whose user is deleted', async () => {
    await client.query(`update wallets set closed_at = now() where user_id = 'user_3'`)
    const { would, stay } = JSON.parse((await preview('--plans', plans(1000), '--json')).text)
    expect(would).toEqual({ invoices: 11, users: 10, credits: 11_000 })
    expect(stay.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(2)
  })

  it.each([
    [['--plans', '{'], 'PLANS is malformed'],
    [['--plans', '{"price_1": {"credits": 5}}'], 'PLANS is malformed'],
    [['--env', 'nowhere'], 'no environment nowhere'],
  ])('refuses %j in one line', async (args, why) => {
    const { code, text } = await preview(...args)
    expect([code, text.split('\n').length]).toEqual([1, 1])
    expect(text).toContain(why)
  })
})
