import { styleText } from 'node:util'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags, wholeNumber } from '../cli/shared/flags.ts'
import { runInterruptible } from '../local/interrupt.ts'
import { openArena } from './arena/arena.ts'
import { hangUp } from './arena/load.ts'
import { type Ground, prepareGround } from './ground/ground.ts'
import { measureBacklog } from './measures/backlog.ts'
import { measureCalls } from './measures/calls.ts'
import { measureDrain } from './measures/drain.ts'
import { measureFirstDay } from './measures/first-day.ts'
import { LARGE, measureGrowth } from './measures/growth.ts'
import { measureLatency } from './measures/latency.ts'
import { measureReconcile, SMALL_PEOPLE } from './measures/reconcile.ts'
import { measureStages } from './measures/stages.ts'
import { measureStartup } from './measures/startup.ts'
import { measureStorage } from './measures/storage.ts'
import { measureThroughput } from './measures/throughput.ts'
import { measureTold } from './measures/told.ts'
import { measureWallets } from './measures/wallets.ts'
import { weigh } from './measures/weight.ts'
import { ratiosOf } from './ratios.ts'
import { report, verdict } from './report.ts'
import type { Results } from './results.ts'
import { rulesOver, spreadOf, spreadTable } from './spread.ts'
import { judge, rulesOf } from './targets.ts'

const AT_FULL_SPEED = ['throughput', 'wallets', 'calls'] as const
const SECTIONS = [
  ...(['latency', ...AT_FULL_SPEED, 'drain', 'first-day', 'told'] as const),
  ...(['storage', 'stages', 'weight', 'startup', 'reconcile'] as const),
] as const
type Section = (typeof SECTIONS)[number]

const HELP = `
npm run bench                 Ledgerhook beside the floor (verify, insert one row) and the handler of the tutorials, in one run,
                              in workerd, over HTTP, on a real Postgres. Some minutes. docs/performance.md explains it

  --only SECTION              ${SECTIONS.join(', ')}; repeatable
  --people N                  how many people the section reconcile has, by default ${SMALL_PEOPLE}
  --growth                    only compares a small database with a large one, and measures what is scheduled or read by
                              an operator while much has piled up; takes some minutes, and 11 GB of disk
  --ledger-rows N             ledger entries of the large database, by default 5000000; it has a tenth as many users
  --waiting-rows N            deliveries that are parked there, and as many that are rejected: by default a fifth of those
  --runs N                    repeats the run, and shows the spread of each figure; targets are compared with the median
  --json                      prints one object instead of tables; progress still goes to stderr

Exits with 0 only if every target holds. Needs nothing but this project, and leaves nothing behind.
`

await runInterruptible(async (interrupt) => {
  const { sections, filling, people, times, json } = readAsked()
  const say = progress()
  const step = (says: string) => {
    say(says)
    interrupt.throwIfAborted()
  }
  const runs: Results[] = []
  for (let run = 1; run <= times; run++) {
    if (times > 1) step(`run ${run} of ${times}`)
    runs.push(
      await onGround(interrupt, step, async (ground) =>
        filling === undefined
          ? await measure(ground, { sections, people }, step)
          : {
              growth: await measureGrowth(ground, filling, 200, step),
              backlog: await measureBacklog(ground, LARGE, filling, 20, step),
            },
      ),
    )
  }
  conclude(runs, json)
})

/** Returns what the flags ask for. `filling` is of the large database; undefined without --growth. */
function readAsked() {
  const { values } = readFlags(HELP, {
    only: { type: 'string', multiple: true },
    people: { type: 'string' },
    growth: { type: 'boolean', default: false },
    'ledger-rows': { type: 'string' },
    'waiting-rows': { type: 'string' },
    runs: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const unknown = values.only?.find((name) => !(SECTIONS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new LocalError(`there is no section '${unknown}': ${SECTIONS.join(', ')}`)
  if (values.growth && values.only) throw new LocalError('--growth runs alone: leave out --only')
  for (const size of ['ledger-rows', 'waiting-rows'] as const) {
    if (!values.growth && values[size]) throw new LocalError(`--${size} needs --growth`)
  }
  const ledgerRows = wholeNumber(values['ledger-rows'], '--ledger-rows', 20_000, 50_000_000) ?? 5_000_000
  const waitingRows =
    wholeNumber(values['waiting-rows'], '--waiting-rows', 1_000, 10_000_000) ?? Math.floor(ledgerRows / 5)
  return {
    sections: new Set((values.only ?? SECTIONS) as Section[]),
    filling: values.growth ? { ledgerRows, waitingRows } : undefined,
    people: wholeNumber(values.people, '--people', 100, 1_000_000) ?? SMALL_PEOPLE,
    times: wholeNumber(values.runs, '--runs', 1, 100) ?? 1,
    json: values.json,
  }
}

/** Prepares a ground, acts on it, and removes it. */
async function onGround(
  interrupt: AbortSignal,
  step: (says: string) => void,
  act: (ground: Ground) => Promise<Results>,
): Promise<Results> {
  const ground = await prepareGround(step)
  // Stopping the ground ends whatever runs on it, also an index on five million rows.
  const stop = () => void ground.stop()
  interrupt.addEventListener('abort', stop)
  try {
    interrupt.throwIfAborted()
    return await act(ground)
  } finally {
    interrupt.removeEventListener('abort', stop)
    hangUp()
    await ground.stop()
  }
}

/** Prints the results. Of several runs it prints the last one, and the spread of all. */
function conclude(runs: Results[], json: boolean): void {
  const targets = rulesOver(runs.map(rulesOf)).map(judge)
  const spread = spreadOf(runs.map((run) => [...rulesOf(run), ...ratiosOf(run)]))
  const last = runs.at(-1) ?? {}
  if (json) console.log(JSON.stringify({ ...last, ...(runs.length > 1 && { spread }), targets }, null, 2))
  else {
    console.log(`\n${report(last)}\n`)
    if (runs.length > 1) console.log(`${spreadTable(spread, runs.length)}\n`)
    console.log(verdict(targets))
  }
  if (!targets.every(({ holds }) => holds)) process.exitCode = 1
}

function progress(): (says: string) => void {
  const startedAt = performance.now()
  return (says) => {
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(8)
    console.error(styleText('dim', `${seconds}  ${says}`))
  }
}

async function measure(
  ground: Ground,
  { sections: wanted, people }: { sections: Set<Section>; people: number },
  step: (says: string) => void,
): Promise<Results> {
  const results: Results = {}
  if (wanted.has('weight')) results.weight = await weigh(await ground.bundle('ledgerhook'))
  if (wanted.has('startup')) {
    results.startup = await measureStartup(ground)
    step('start-up of isolates')
  }
  if (wanted.has('stages')) results.stages = await measureStages(ground, step)
  if (wanted.has('latency')) {
    const arena = await openArena(ground, { rttMs: 20, statementMs: 1 })
    results.latency = await measureLatency(arena, 60, step).finally(arena.stop)
  }
  if (wanted.has('storage')) results.storage = await measureStorage(ground, 500, step)
  if (wanted.has('drain')) results.drain = await measureDrain(ground, { blocks: 3, perBlock: 1_000 }, step)
  if (wanted.has('first-day'))
    results.firstDay = await measureFirstDay(ground, { topUps: 6_400, samples: 200 }, step)
  if (wanted.has('told')) results.told = await measureTold(ground, 200, step)
  if (wanted.has('reconcile')) results.reconcile = await measureReconcile(ground, people, step)
  if (AT_FULL_SPEED.some((section) => wanted.has(section))) {
    Object.assign(results, await measureAtFullSpeed(ground, wanted, step))
  }
  return results
}

async function measureAtFullSpeed(
  ground: Ground,
  wanted: Set<Section>,
  step: (says: string) => void,
): Promise<Results> {
  const results: Results = {}
  const arena = await openArena(ground, { rttMs: 0, statementMs: 0 })
  const size = { blocks: 7, perBlock: 240 }
  try {
    if (wanted.has('throughput')) results.throughput = await measureThroughput(arena, size, step)
    if (wanted.has('wallets')) {
      results.wallets = await measureWallets(arena, size)
      step('16 at a time: one wallet, and many')
    }
    if (wanted.has('calls')) results.calls = await measureCalls(arena, size, step)
    return results
  } finally {
    await arena.stop()
  }
}
