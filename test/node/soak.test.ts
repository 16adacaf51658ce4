import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ground, prepareGround } from '../../bench/ground/ground.ts'
import { report } from '../../bench/report.ts'
import { KINDS, lifeOf } from '../../bench/soak/lives.ts'
import { compare, runUntilIdle } from '../../bench/soak/settled.ts'
import { measureSoak, type Soak } from '../../bench/soak/soak.ts'
import { startTraffic } from '../../bench/soak/traffic.ts'
import { openWorld } from '../../bench/soak/world.ts'
import { judge, rulesOf } from '../../bench/targets.ts'
import { query } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'

const quietly = () => {}
const never = new AbortController().signal
const targetsOf = (soak: Soak) => rulesOf({ soak }).map(judge)
const SAME = { unsettled: [], sums: [], ledgers: [], doubled: [] }
let ground: Ground
let soak: Soak

beforeAll(async () => {
  ground = await prepareGround(quietly)
  soak = await measureSoak(ground, { durationMs: 1, calmMs: 0, holdMs: 0 }, quietly, never)
}, 600_000)

afterAll(async () => await ground.stop())

describe('a short soak', () => {
  it('has each fault once, and ends with every event settled and every ledger as the model has it', () => {
    expect(soak).toMatchObject({ ...SAME, contradictions: [] })
    expect(Object.values(soak.faults)).toEqual(Array.from({ length: 8 }, () => 1))
    expect(Object.keys(soak.outcomes).sort()).toEqual(KINDS.filter((kind) => kind !== 'spend').sort())
    // Sendings without a final response were sent again, and some of the others too.
    expect(soak.failed).toBeGreaterThanOrEqual(8)
    expect(soak.retries).toBe(soak.failed)
    expect(soak.twice).toBeGreaterThan(0)
    expect(targetsOf(soak).every(({ holds }) => holds)).toBe(true)
  })

  it('prints its report, and says that it has not compared the memory', () => {
    const printed = report({ soak })
    for (const what of ['Soak', 'workerd restarted', 'deletion', 'Memory was not compared'])
      expect(printed).toContain(what)
  })

  it('does not hold when memory grows, or when one thing differs', () => {
    const first = { heap: 100, workerd: 100, postgres: 100 }
    const memory = (last: number, name = 'heap') => ({
      seconds: 300,
      first,
      last: { ...first, [name]: last },
    })
    const missed = (change: Partial<Soak>) => targetsOf({ ...soak, ...change }).filter(({ holds }) => !holds)
    expect(missed({ memory: memory(119) })).toEqual([])
    for (const name of Object.keys(first)) expect(missed({ memory: memory(121, name) })).toHaveLength(1)
    for (const name of ['unsettled', 'sums', 'ledgers', 'doubled', 'contradictions'] as const)
      expect(missed({ [name]: ['one'] })).toHaveLength(1)
  })
})

it('the comparison names what is missing, parked, doubled, or not the sum', {
  timeout: 300_000,
}, async () => {
  const world = await openWorld(ground, 'tampered')
  const traffic = startTraffic(world, { atATime: 8, pauseMs: 0 }, never)
  await traffic.finish()
  await runUntilIdle(world, never)
  const { lives } = traffic.sent
  expect(await compare(lives, world)).toMatchObject(SAME)

  const unsent = lifeOf(1_000_000)
  const missing = await compare([...lives, unsent], world)
  expect(missing.unsettled).toEqual(
    unsent.sendings.filter(({ kind }) => kind !== 'spend').map(({ kind, id }) => `${kind} ${id}: no row`),
  )
  expect(missing.ledgers).toHaveLength(1)

  await query(
    world.databaseUrl,
    `update ledgerhook.webhook_events set outcome = 'parked', reason = 'unknown_user' where event_id = 'msg_0_user_soak0'`,
  )
  await query(
    world.databaseUrl,
    `insert into ledgerhook.credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id)
     values ('user_soak1', 'refund', -1, 'tampered', 'pi_0_user_soak1')`,
  )
  expect(await compare(lives, world)).toMatchObject({
    unsettled: ['sign-up msg_0_user_soak0: parked unknown_user'],
    ledgers: [expect.stringContaining('user_soak1: ')],
    doubled: ['user_soak1 refund pi_0_user_soak1'],
    sums: [],
  })

  await query(world.databaseUrl, 'alter table ledgerhook.wallets disable trigger user')
  await query(
    world.databaseUrl,
    `update ledgerhook.wallets set balance = balance + 1 where user_id = 'user_soak2'`,
  )
  const { sums } = await compare(lives, world)
  expect(sums).toEqual([expect.stringMatching(/^user_soak2: /)])
  await world.stop()
})

describe('npm run bench -- --soak', () => {
  it.each([
    [['--soak', '10'], /takes a time such as 10m/],
    [['--soak', '10m', '--only', 'weight'], /--soak runs alone/],
  ])('%j is refused', async (args, says) => {
    const stderr = await new Promise<string>((resolve) =>
      execFile(process.execPath, ['bench/bench.ts', ...args], (error, _, stderr) => {
        expect(error?.code).toBe(1)
        resolve(stderr)
      }),
    )
    expect(stderr).toMatch(says)
  })

  it('interrupted ends at once, and leaves nothing behind', { timeout: 300_000 }, async () => {
    const temporary = makeScratchDir('test')
    // Postgres does not run as root, and must be able to enter its own directory in there.
    await chmod(temporary, 0o755)
    const env = { ...process.env, TMPDIR: temporary }
    const bench = spawn(process.execPath, ['bench/bench.ts', '--soak', '10m'], { env })
    for await (const line of createInterface({ input: bench.stderr })) if (line.includes('dropped')) break
    bench.kill('SIGINT')
    const [code] = await once(bench, 'exit')
    expect(code).toBe(130)
    expect(await readdir(temporary)).toEqual([])
    await rm(temporary, { recursive: true })
  })
})
