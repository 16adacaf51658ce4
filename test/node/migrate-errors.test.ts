import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../cli/migrate/run.ts'
import { query } from '../../local/postgres/query.ts'
import { as, type Cluster, refused, startCluster } from '../support/cluster.ts'
import { run, scratchDir } from './command.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.login('ada')
})
afterAll(() => cluster.stop())

/** Returns what `npm run migrate` prints for this database, and its exit code. */
const command = (url: string, ...flags: string[]) =>
  run('cli/migrate.ts', flags, scratchDir(), { DATABASE_URL: url })

/** Fails unless the command refuses in one line that names no password. */
async function line(url: string, ...flags: string[]): Promise<string> {
  const { code, output } = await command(url, ...flags)
  expect([code, output.split('\n')]).toEqual([1, [expect.any(String)]])
  expect(output).not.toContain('hunter2')
  return output
}

describe('npm run migrate says in one line', () => {
  it('that it was told no database, or none that it can read', async () => {
    expect(await line('')).toContain('set DATABASE_URL')
    expect(await line('mysql://ada:hunter2@127.0.0.1/x')).toContain('DATABASE_URL is not a connection string')
    expect(await line('postgres://ada:12/hunter2@127.0.0.1/x')).toContain('is the password URL-encoded?')
    expect(await line('postgres://ada:hunter2@127.0.0.1/x', '--dryrun')).toContain('--help lists the flags')
  })

  it('that the host cannot be reached', async () => {
    expect(await line('postgres://ada:hunter2@127.0.0.1:1/x')).toContain(
      '127.0.0.1:1 does not answer (ECONNREFUSED)',
    )
    expect(await line('postgres://ada:hunter2@nowhere.invalid/x')).toMatch(
      /^there is no host nowhere\.invalid \(E/,
    )
    const silent = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    expect(await line(`postgres://ada:hunter2@127.0.0.1:${port}/x`)).toContain(
      `127.0.0.1:${port} is no Postgres, or has just stopped`,
    )
  })

  it('that the password is wrong', async () => {
    expect(await line(`postgres://ada:hunter2@127.0.0.1:${cluster.port}/postgres`)).toBe(
      `127.0.0.1:${cluster.port} refuses the user ada: is the password right?`,
    )
  })

  it('that TLS is not spoken', async () => {
    const url = `postgres://ada:ada@127.0.0.1:${cluster.port}/postgres?sslmode=require`
    expect(await line(url)).toContain('does not speak TLS')
  })

  it('that the database is missing', async () => {
    expect(await line(as('ada', `postgres://x@127.0.0.1:${cluster.port}/nothing`))).toContain(
      `127.0.0.1:${cluster.port} has no database nothing`,
    )
  })

  it('that the user may not create schemas', async () => {
    expect(await line(as('ada', await cluster.database('closed')))).toContain(
      'have an administrator run `create schema ledgerhook authorization "ada"`',
    )
  })

  it('that a schema ledgerhook is not ours', async () => {
    const url = await cluster.database('foreign')
    await query(url, 'create schema ledgerhook; create table ledgerhook.migrations (id serial, name text)')
    expect(await line(url)).toContain('the schema ledgerhook in the database foreign at 127.0.0.1')
    expect(await line(url, '--dry-run')).toContain('is not ours')
  })

  it('that the database is from before the schema', async () => {
    const url = await cluster.database('older')
    await query(
      url,
      `create schema drizzle; create table drizzle.__drizzle_migrations (id serial, hash text, created_at bigint);
       create table webhook_events (id text); create table credit_ledger (id text);
       create function refuse_ledger_change() returns trigger language plpgsql as 'begin end'`,
    )
    expect(await line(url)).toContain('is from before Ledgerhook had a schema of its own')
  })

  it('that somebody else has migrated it', async () => {
    const url = await cluster.database('of_another')
    await migrate(url)
    expect(await line(as('ada', url))).toContain('migrate as its owner, postgres')
  })
})

describe('a default isolation other than read committed', () => {
  /** Runs the SQL of the message as the administrator, and migrates. */
  async function mends(url: string): Promise<void> {
    const { message } = await refused(migrate(url))
    const [, sql = ''] = /run `([^`]+)`$/.exec(message) ?? []
    expect(sql).toMatch(
      /^alter role "\w+" in database "\w+" set default_transaction_isolation = 'read committed'$/,
    )
    await query(url, sql)
    await migrate(url)
  }

  it.each(['repeatable read', 'serializable'])('of the database is refused: %s', async (level) => {
    const name = `isolated_${level.slice(0, 3)}`
    const url = await cluster.database(name)
    await query(url, `alter database ${name} set default_transaction_isolation = '${level}'`)
    expect(await line(url)).toContain(
      `transactions of postgres are '${level}' by default, not 'read committed'`,
    )
    await mends(url)
  })

  it("of one of the Worker's logins is refused, by the setting that is in force for it", async () => {
    const url = await cluster.database('isolated_worker')
    await migrate(url)
    await cluster.login('edge', 'in role ledgerhook_worker')
    await query(url, `alter database isolated_worker set default_transaction_isolation = 'Read Committed'`)
    await query(url, `alter role edge set default_transaction_isolation = 'SERIALIZABLE'`)
    expect((await refused(migrate(url))).message).toContain(
      `transactions of edge are 'serializable' by default`,
    )
    await mends(url)
    await query(url, 'alter role edge reset default_transaction_isolation')
  })

  it('that the connection string asks for is refused', async () => {
    const url = `${await cluster.database('isolated_here')}?options=-c%20default_transaction_isolation%3Dserializable`
    expect(await line(url)).toContain('take default_transaction_isolation out of DATABASE_URL')
  })
})

describe('npm run migrate', () => {
  it('names the database, each thing it did, and that the Worker needs Neon', async () => {
    const url = await cluster.database('told')
    const { code, output } = await command(url)
    expect([code, output]).toEqual([0, expect.any(String)])
    expect(output).toContain(`database   told at 127.0.0.1:${cluster.port}`)
    expect(output).toMatch(/^migration {2}0000_tables applied$/m)
    expect(output).toMatch(/^functions {2}\d+ applied: the database had none$/m)
    expect(output).toMatch(/^127\.0\.0\.1:\d+ is not Neon: /m)
    const again = await command(url, '--json')
    expect(again.output).not.toContain('applied')
    expect(JSON.parse(again.output.split(/(?<=^\})$/m)[0] ?? '')).toMatchObject({
      database: 'told',
      is_neon: false,
    })
  })
})
