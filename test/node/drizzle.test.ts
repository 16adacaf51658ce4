import { execFileSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { getTableConfig, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { creditLedger, userBilling, users, wallets } from 'ledgerhook/drizzle'
import pg from 'pg'
import ts from 'typescript-5'
import { afterAll, beforeAll, describe, expect, expectTypeOf, inject, it } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import type { Stack } from '../support/control.ts'
import { scratchDir } from './command.ts'

/** A table of your app's. */
const orders = pgTable('orders', {
  id: integer().primaryKey(),
  userId: text('user_id').references(() => wallets.userId),
})

let client: pg.Client
const db = () => drizzle(client)

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl } = (await response.json()) as Stack
  client = new pg.Client(databaseUrl)
  await client.connect()
  await client.query(`
    insert into ledgerhook.wallets (user_id) values ('user_ada');
    insert into ledgerhook.users (id, email) values ('user_ada', 'ada@example.com');
    insert into ledgerhook.credit_ledger (user_id, kind, amount, idempotency_key) values ('user_ada', 'signup_bonus', 40, 'bonus');
    create table public.orders (id integer primary key, user_id text references ledgerhook.wallets (user_id));
    insert into public.orders values (1, 'user_ada');
    grant select on public.orders to ledgerhook_app;
    set role ledgerhook_app`)
})
afterAll(() => client.end())

describe('ledgerhook/drizzle', () => {
  it('lets your app join its tables with users, wallets, ledger and plans, in its own role', async () => {
    const [row] = await db()
      .select({
        order: orders.id,
        email: users.email,
        balance: userBilling.balance,
        amount: creditLedger.amount,
      })
      .from(orders)
      .innerJoin(users, eq(users.id, orders.userId))
      .innerJoin(userBilling, eq(userBilling.id, orders.userId))
      .innerJoin(creditLedger, eq(creditLedger.userId, orders.userId))
    expect(row).toEqual({ order: 1, email: 'ada@example.com', balance: 40, amount: 40 })
    const [wallet] = await db().select().from(wallets)
    expectTypeOf<NonNullable<typeof wallet>['balance']>().toEqualTypeOf<number>()
    expect(wallet).toMatchObject({ userId: 'user_ada', balance: 40, closedAt: null })
  })

  it('lets your tables reference a wallet', () => {
    const [key] = getTableConfig(orders).foreignKeys
    const { foreignTable, foreignColumns } = key?.reference() ?? {}
    expect(foreignTable && getTableConfig(foreignTable)).toMatchObject({
      name: 'wallets',
      schema: 'ledgerhook',
    })
    expect(foreignColumns?.map(({ name }) => name)).toEqual(['user_id'])
  })

  it('is read-only, by its types and by the role', async () => {
    const refused = { cause: { code: '42501' } }
    const insert = async () =>
      // @ts-expect-error a wallet is not for your app to write
      await db().insert(wallets).values({ userId: 'user_eve', balance: 1 })
    const update = async () =>
      // @ts-expect-error nor to change
      await db().update(wallets).set({ balance: 1 })
    const remove = async () =>
      // @ts-expect-error nor to delete
      await db().delete(creditLedger)
    for (const write of [insert, update, remove]) await expect(write()).rejects.toMatchObject(refused)
  })
  it('is taken by Node.js and by tsc as they are, without a bundler or an option', () => {
    const app = scratchDir()
    const packages = join(app, 'node_modules')
    cpSync(join(projectDir, 'drizzle'), join(packages, 'ledgerhook/drizzle'), { recursive: true })
    cpSync(join(projectDir, 'package.json'), join(packages, 'ledgerhook/package.json'))
    symlinkSync(join(projectDir, 'node_modules/drizzle-orm'), join(packages, 'drizzle-orm'))
    const file = join(app, 'app.mts')
    writeFileSync(
      file,
      `import { getTableName } from 'drizzle-orm'
      import { pgTable, text } from 'drizzle-orm/pg-core'
      import { users, wallets } from 'ledgerhook/drizzle'
      export const orders = pgTable('orders', { userId: text().references(() => wallets.userId) })
      // @ts-expect-error there may be no address
      export const email = (user: typeof users.$inferSelect): string => user.email
      declare const console: { log(text: string): void }
      console.log(getTableName(wallets as never))`,
    )
    const options = {
      module: ts.ModuleKind.NodeNext,
      skipLibCheck: true,
      strict: true,
      noEmit: true,
      types: [],
    }
    const errors = ts.getPreEmitDiagnostics(ts.createProgram([file], options))
    expect(errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([])
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('wallets\n')
  })
})
