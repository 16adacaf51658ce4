import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Client } from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import type { Stack } from '../support/control.ts'
import { scratchDir, start } from './command.ts'

const NOTE = ['--note', 'n']

it.each([
  ['settle', 'evt_1', ...NOTE],
  ['events'],
  ['adjust', 'user_ada', '5', '--key', 'k', ...NOTE],
  ['explain', 'user_ada'],
])('says after two seconds that it is still connecting: %s', async (command, ...args) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  const waiting = start(`cli/${command}.ts`, args, scratchDir(), {
    DATABASE_URL: `postgres://u:p@${host}/db`,
  })
  await waiting.printed(`connecting to ${host} …`)
  waiting.process.kill()
  await waiting.ended
})

it('says after two seconds that the database has not responded yet', async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl } = (await response.json()) as Stack
  const holder = new Client(databaseUrl)
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query(`insert into wallets (user_id) values ('user_ada')`)
  await holder.query(`begin; select lock_subjects('user:user_ada')`)
  const args = ['user_ada', '5', '--key', 'k', ...NOTE]
  const waiting = start('cli/adjust.ts', args, scratchDir(), { DATABASE_URL: databaseUrl })
  await waiting.printed(`waiting for ${new URL(databaseUrl).host} …`)
  await holder.query('commit')
  expect(await waiting.ended).toBe(0)
})
