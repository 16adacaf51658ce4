import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { query } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import type { Stack } from '../support/control.ts'

let databaseUrl = ''

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  databaseUrl = ((await response.json()) as Stack).databaseUrl
})

/** Returns what the command prints on both streams, and its exit code. */
function adjust(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, DATABASE_URL: databaseUrl, NO_COLOR: '1' } }
    execFile(process.execPath, ['cli/adjust.ts', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: (stdout + stderr).trim() }),
    )
  })
}

describe('npm run adjust -- --file', () => {
  const HEADER = 'user_id,amount,key,note'
  async function file(...lines: string[]): Promise<string> {
    const path = join(makeScratchDir('adjust'), 'balances.csv')
    await writeFile(path, [HEADER, ...lines, ''].join('\r\n'))
    onTestFinished(() => rm(dirname(path), { recursive: true }))
    return path
  }
  /** Creates users for this test, each with a wallet. */
  async function wallets(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => `user_${randomUUID().replaceAll('-', '')}`)
    await query(databaseUrl, 'insert into ledgerhook.wallets (user_id) select unnest($1::text[])', [ids])
    return ids
  }
  const balances = async (ids: string[]) => {
    const rows = await query<{ balance: string }>(
      databaseUrl,
      `select balance from unnest($1::text[]) with ordinality as given(id, n)
       join ledgerhook.wallets on user_id = id order by n`,
      [ids],
    )
    return rows.map(({ balance }) => Number(balance))
  }
  const importJson = async (...args: string[]) => JSON.parse((await adjust(...args, '--json')).text)

  it('books each line once, however often it is run, with quotes and signs', async () => {
    const [ada, bob] = await wallets(2)
    const path = await file(
      `${ada},50,a-${ada},"Said ""sorry"", twice"`,
      '',
      `${bob},-7,b-${bob},Given twice`,
    )
    const { host } = new URL(databaseUrl)
    expect(await adjust('--file', path)).toEqual({
      code: 0,
      text: `${host}: 2 booked now, 43 credits; 0 were booked before\n2 lines, whose amounts add up to 43`,
    })
    const again = { booked: 0, credits: 0, lines: 2, sum: 43, problems: [] }
    expect(await importJson('--file', path)).toMatchObject(again)
    expect(await balances([ada, bob] as string[])).toEqual([50, -7])
    const notes = await query(databaseUrl, 'select note from ledgerhook.credit_ledger where user_id = $1', [
      ada,
    ])
    expect(notes).toEqual([{ note: 'Said "sorry", twice' }])
  })

  it('takes balances, books the difference, and gives nothing back that was spent since', async () => {
    const [less, same, none, next] = await wallets(4)
    const ids = [less, same, none, next] as string[]
    await adjust(less as string, '10', '--note', 'n', '--key', `bonus-${less}`)
    await adjust(same as string, '40', '--note', 'n', '--key', `bonus-${same}`)
    const path = await file(
      ...[`${less},30,move-${less},Moved`, `${same},40,move-${same},Moved`],
      ...[`${none},0,move-${none},Moved`, `${next},-5,move-${next},Moved`],
    )
    expect(await importJson('--file', path, '--target', '--dry-run')).toMatchObject({
      booked: 2,
      met: 2,
      credits: 15,
    })
    expect(await balances(ids)).toEqual([10, 40, 0, 0])
    expect((await adjust('--file', path, '--target')).text).toMatch(
      /: 2 booked now, 15 credits; 2 had this balance; 0 were booked before\n4 lines, whose amounts add up to 65$/,
    )
    expect(await balances(ids)).toEqual([30, 40, 0, -5])
    for (const id of ids) await adjust(id, '-3', '--note', 'n', '--key', `spent-${id}`)
    expect(await importJson('--file', path, '--target')).toMatchObject({ booked: 0, met: 2, credits: 0 })
    expect(await balances(ids)).toEqual([27, 37, -3, -8])

    const other = await file(`${none},9,move-${none},Moved`)
    expect((await adjust('--file', other, '--target')).text).toContain('line 2: this key has made another')
    expect(await balances(ids)).toEqual([27, 37, -3, -8])
  })

  it('says every problem by its line, and books nothing then', async () => {
    const [ada, bob] = await wallets(2)
    await adjust(bob as string, '51', '--note', 'n', '--key', `taken-${ada}`)
    const path = await file(
      `${ada},50,good-${ada},Fine`,
      `${ada},5.5,half-${ada},Half`,
      `user_nobody,5,nobody-${ada},Nobody`,
      `${ada},5,good-${ada},Twice`,
      `${ada},5,,No key`,
      `${ada},5,k-${ada},`,
      `${ada},5,short-${ada}`,
      `${ada},51,taken-${ada},Of another user`,
      `${ada},5,long-${ada},${'n'.repeat(501)}`,
      `${ada},5,${'k'.repeat(256)},Long key`,
      `${ada},5,open-${ada},"Not closed`,
    )
    const { code, text } = await adjust('--file', path)
    expect([code, text.split('\n').map((line) => line.slice(0, 40))]).toEqual([
      1,
      [
        'line 3: amount is not a whole number of ',
        'line 4: there is no wallet of this user',
        `line 5: key good-${ada} stands`.slice(0, 40),
        'line 6: key is missing, or longer than 2',
        'line 7: note is missing, or longer than ',
        'line 8: it has 3 fields, not 4',
        'line 9: this key has made another adjust',
        'line 10: note is missing, or longer than',
        'line 11: key is missing, or longer than ',
        'line 12: a quote is not closed, or stand',
        `${new URL(databaseUrl).host}: 10 to correct: nothing is booked`.slice(0, 40),
      ],
    ])
    expect(await balances([ada as string])).toEqual([0])
  })

  it('books nothing where the sum is another, or a user has two balances', async () => {
    const [ada] = await wallets(1)
    const path = await file(`${ada},50,one-${ada},n`, `${ada},60,two-${ada},n`)
    const other = await adjust('--file', path, '--sum', '100')
    expect(other).toMatchObject({
      code: 1,
      text: expect.stringMatching(/^the amounts add up to 110, not to 100$/m),
    })
    const twice = await adjust('--file', path, '--target')
    expect(twice.text).toContain(`line 3: user ${ada} stands on line 2 already`)
    expect(await balances([ada as string])).toEqual([0])
    expect((await adjust('--file', path, '--sum', '110')).code).toBe(0)
    expect(await balances([ada as string])).toEqual([110])
  })

  it.each([
    [';', 'semicolons'],
    ['\t', 'tabs'],
  ])('says that columns are separated by %j, as spreadsheets write them', async (separator, name) => {
    const path = await file('user_ada,50,one,n')
    await writeFile(path, `\uFEFF${[HEADER, 'user_ada,50,one,n'].join('\r\n').replaceAll(',', separator)}`)
    expect(await adjust('--file', path, '--dry-run')).toMatchObject({
      code: 1,
      text: expect.stringContaining(`${HEADER}: the columns are separated by ${name}, export it once more`),
    })
  })

  it('says of an amount whether it is too large, or no whole number', async () => {
    const [ada] = await wallets(1)
    const amounts = ['1000000000001', '9'.repeat(400), '-1000000000001', '1.5', '1,5']
    const lines = amounts.map((amount, i) => `${ada},"${amount}",key-${i}-${ada},n`)
    const { code, text } = await adjust('--file', await file(...lines), '--dry-run')
    expect(code).toBe(1)
    for (const line of [2, 3, 4])
      expect(text).toContain(`line ${line}: amount is more than 1000000000000 credits`)
    for (const line of [5, 6]) expect(text).toContain(`line ${line}: amount is not a whole number`)
  })

  it('goes on where it was interrupted', async () => {
    const ids = await wallets(450)
    const lines = ids.map((id, i) => `${id},${i + 1},move-${id},Moved`)
    // The state that a run leaves if it is killed after its first batch.
    await adjust('--file', await file(...lines.slice(0, 200)), '--target')
    const rest = { lines: 450, booked: 250, sum: (450 * 451) / 2 }
    expect(await importJson('--file', await file(...lines), '--target')).toMatchObject(rest)
    expect(await balances(ids)).toEqual(ids.map((_, i) => i + 1))
  })

  it('sends your app an event about each balance that fell below LOW_BALANCE, if EVENTS_URL is set', async () => {
    vi.stubEnv('EVENTS_URL', 'https://app.example.com/hooks')
    vi.stubEnv('LOW_BALANCE', '20,10')
    onTestFinished(() => void vi.unstubAllEnvs())
    const ids = await wallets(201)
    const [ada, bob] = [ids[0], ids[200]] as [string, string]
    await adjust('--file', await file(...ids.map((id) => `${id},100,given-${id},n`)))
    const path = await file(...ids.map((id) => `${id},${[ada, bob].includes(id) ? 9 : 20},taken-${id},n`))
    await adjust('--file', path, '--target', '--dry-run')
    const told = () =>
      query(
        databaseUrl,
        `select user_id, type, data->'threshold' as threshold from ledgerhook.outgoing_events order by created_at, sequence`,
      )
    expect(await told()).toEqual([])
    await adjust('--file', path, '--target')
    const low = (user_id: string, threshold: number) => ({ user_id, type: 'credits.low', threshold })
    expect(await told()).toEqual([low(ada, 20), low(ada, 10), low(bob, 20), low(bob, 10)])
  })

  it('writes nothing of a batch of which a line is refused', async () => {
    const [ada] = await wallets(1)
    const row = { user_id: ada, amount: 5, idempotency_key: `one-${ada}`, note: 'n', line: 2 }
    const rows = [row, { ...row, user_id: 'user_nobody', idempotency_key: `two-${ada}`, line: 3 }]
    const [made] = await query(databaseUrl, 'select ledgerhook.adjust_many($1::jsonb) as said', [
      JSON.stringify({ rows, to_balance: false, only_checks: false }),
    ])
    expect(made).toEqual({
      said: { credits: 0, is_new: 0, met: 0, refused: [{ line: 3, why: 'unknown_user' }] },
    })
    expect(await balances([ada as string])).toEqual([0])
  })

  it.each([
    [['--file', '/nowhere.csv'], 'cannot be read'],
    [['--file', 'package.json'], `the first line has to be ${HEADER}`],
    [['user_ada', '5', '--file', 'x.csv'], '--file goes with no user'],
    [['user_ada', '5', '--note', 'n', '--key', 'k', '--target'], 'are for a --file'],
    [['--file', 'package.json', '--sum', 'many'], '--sum takes'],
  ])('refuses %j: %s', async (args, why) => {
    const { code, text } = await adjust(...args)
    expect([code, text]).toEqual([1, expect.stringContaining(why)])
  })
})
