import { styleText } from 'node:util'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags, wholeNumber } from '../cli/shared/flags.ts'
import { runInterruptible } from '../local/interrupt.ts'
import { hangUp } from './arena/load.ts'
import { type Ground, prepareGround } from './ground/ground.ts'
import { measureBacklog } from './measures/backlog.ts'
import { LARGE, measureGrowth } from './measures/growth.ts'
import { SMALL_PEOPLE } from './measures/reconcile.ts'
import { ratiosOf } from './ratios.ts'
import { report, verdict } from './report.ts'
import type { Results } from './results.ts'
import { measure, SECTIONS, type Section } from './sections.ts'
import { measureSoak } from './soak/soak.ts'
import { rulesOver, spreadOf, spreadTable } from './spread.ts'
import { judge, rulesOf } from './targets.ts'

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 }

const HELP = `
npm run bench                 Ledgerhook beside the floor (verify, insert one row) and the handler of the tutorials, in
                              one run, in workerd, over HTTP, on a real Postgres: ten minutes. docs/performance.md

  --only SECTION              may be repeated: ${SECTIONS.slice(0, 7).join(', ')},
                              ${SECTIONS.slice(7).join(', ')}
  --people N                  how many people the section reconcile has, by default ${SMALL_PEOPLE}
  --growth                    only compares a small database with a large one, and measures what is scheduled or read by
                              an operator while much has piled up; takes some minutes, and 11 GB of disk
  --ledger-rows N             ledger entries of the large database, by default 5000000; it has a tenth as many users
  --waiting-rows N            deliveries that are parked there, and as many that are rejected: by default a fifth of those
  --soak TIME                 only sends mixed events for so long (10m, 90s), while connections drop, statements time out,
                              and Postgres and workerd restart; then compares the database with what was sent
  --runs N                    repeats the run, and shows the spread of each figure; targets are compared with the median
  --json                      prints one object instead of tables; progress still goes to stderr

Exits with 0 only if every target holds. Needs nothing but this project, and leaves nothing behind.
`

await runInterruptible(async (interrupt) => {
  const { sections, filling, soakMs, people, times, json } = readAsked()
  const say = progress()
  const step = (says: string) => {
    say(says)
    interrupt.throwIfAborted()
  }
  const runs: Results[] = []
  for (let run = 1; run <= times; run++) {
    if (times > 1) step(`run ${run} of ${times}`)
    runs.push(
      await onGround(interrupt, step, async (ground) => {
        if (soakMs !== undefined)
          return { soak: await measureSoak(ground, { durationMs: soakMs }, step, interrupt) }
        if (filling === undefined) return await measure(ground, { sections, people }, step)
        return {
          growth: await measureGrowth(ground, filling, 200, step),
          backlog: await measureBacklog(ground, LARGE, filling, 20, step),
        }
      }),
    )
  }
  conclude(runs, json)
})

/** Reads the flags. `filling` describes the large database; undefined without --growth. */
function readAsked() {
  const { values } = readFlags(HELP, {
    only: { type: 'string', multiple: true },
    people: { type: 'string' },
    growth: { type: 'boolean', default: false },
    'ledger-rows': { type: 'string' },
    'waiting-rows': { type: 'string' },
    soak: { type: 'string' },
    runs: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const unknown = values.only?.find((name) => !(SECTIONS as readonly string[]).includes(name))
  if (unknown !== undefined) throw new LocalError(`there is no section '${unknown}': ${SECTIONS.join(', ')}`)
  if (values.growth && values.only) throw new LocalError('--growth runs alone: leave out --only')
  if (values.soak !== undefined && (values.growth || values.only))
    throw new LocalError('--soak runs alone: leave out --only and --growth')
  for (const size of ['ledger-rows', 'waiting-rows'] as const) {
    if (!values.growth && values[size]) throw new LocalError(`--${size} needs --growth`)
  }
  const ledgerRows = wholeNumber(values['ledger-rows'], '--ledger-rows', 20_000, 50_000_000) ?? 5_000_000
  const waitingRows =
    wholeNumber(values['waiting-rows'], '--waiting-rows', 1_000, 10_000_000) ?? Math.floor(ledgerRows / 5)
  return {
    sections: new Set((values.only ?? SECTIONS) as Section[]),
    filling: values.growth ? { ledgerRows, waitingRows } : undefined,
    soakMs: values.soak === undefined ? undefined : milliseconds(values.soak),
    people: wholeNumber(values.people, '--people', 100, 1_000_000) ?? SMALL_PEOPLE,
    times: wholeNumber(values.runs, '--runs', 1, 100) ?? 1,
    json: values.json,
  }
}

/** Returns the milliseconds of a time such as `10m`. Throws a LocalError. */
function milliseconds(time: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([smh])$/.exec(time) ?? []
  if (!count) throw new LocalError(`--soak takes a time such as 10m, 90s or 2h, and not '${time}'`)
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

/** Prepares a ground, runs `act` on it, and removes it. */
async function onGround(
  interrupt: AbortSignal,
  step: (says: string) => void,
  act: (ground: Ground) => Promise<Results>,
): Promise<Results> {
  const ground = await prepareGround(step)
  // Stopping the ground ends everything that runs on it, even an index on five million rows.
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

/** Prints the results. For several runs it prints the last one and the spread of all. */
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
