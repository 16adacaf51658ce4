import { existsSync, rmSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { parse } from 'smol-toml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { query } from '../../local/postgres/query.ts'
import { until } from '../../local/until.ts'
import { workerConfig } from '../../local/worker-config.ts'
import { type Command, makeDir, run, start } from './command.ts'

describe('npm run dev -- --spill', () => {
  let cwd: string
  let dev: Command
  /** The address that a part has printed. */
  const address = (part: RegExp) => part.exec(dev.output())?.[1] ?? ''

  beforeAll(async () => {
    cwd = makeDir()
    dev = start('local/dev.ts', ['--port', 'auto', '--spill'], cwd)
    await dev.printed('ready')
  }, 300_000)

  afterAll(async () => {
    dev.process.kill()
    await dev.ended
    rmSync(cwd, { recursive: true, force: true })
  })

  test('spills to the queue of wrangler while the gateway has no database, and drains it afterwards', async () => {
    const port = address(/webhooks\s+http:\/\/127\.0\.0\.1:(\d+)/)
    const gateway = address(/gateway\s+(http:\S+)\/sql/)
    const database = address(/database\s+(postgres:[^,\s]+)/)
    const faults = (always: string) =>
      fetch(`${gateway}/faults`, { method: 'POST', body: JSON.stringify({ always }) })
    const send = (...args: string[]) => run('local/send.ts', ['--port', port, ...args], cwd)

    await faults('unavailable')
    for (const [provider, type] of [
      ['clerk', 'user.created'],
      ['stripe', 'checkout.session.completed'],
    ] as const) {
      const { code, output } = await send(provider, type, '--user', 'user_spilled')
      expect([code, output]).toEqual([0, expect.stringContaining('queued')])
    }
    // The consumer has reached no database, and has left both for later.
    await dev.printed(' left in it')
    const count = async (of: string) => {
      const [row] = await query<{ count: string }>(database, `select count(*) from ledgerhook.${of}`)
      return Number(row?.count)
    }
    expect(await count('webhook_events')).toBe(0)

    await faults('none')
    expect(await until(async () => (await count('credit_ledger')) === 2, 60_000)).toBe(true)
    await dev.printed('from the queue')
    const [wallet] = await query(
      database,
      `select balance from ledgerhook.wallets where user_id = 'user_spilled'`,
    )
    expect(wallet).toEqual({ balance: '540' })
  }, 300_000)
})

describe('the copy of wrangler.toml that wrangler reads in development', () => {
  test('names files of the project by their whole paths, and no queue without --spill', () => {
    const config = parse(workerConfig({})) as Record<string, Record<string, string>>
    const { main, assets, alias, queues } = config
    const files = [main, assets?.directory, ...Object.values(alias ?? {})].map(String)
    expect(files.length).toBeGreaterThan(3)
    expect(files.filter((path) => !isAbsolute(path) || !existsSync(path))).toEqual([])
    expect(queues).toBeUndefined()
  })

  test('has with --spill the queues that the Worker needs, which are commented out in the project', () => {
    const config = workerConfig({ spill: true })
    expect(config).toContain('[[queues.producers]]\nbinding = "SPILL"\nqueue = "ledgerhook-spill"')
    expect(config.match(/^\[\[queues\.consumers\]\]$/gm)).toHaveLength(2)
    // The Worker recognises the dead-letter queue by the end of its name.
    expect(config).toContain('dead_letter_queue = "ledgerhook-spill-dead"')
    expect(config.match(/^max_retries = 100$/gm)).toHaveLength(2)
    expect(config).toContain('max_batch_size = 50')
  })
})
