import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags } from '../cli/shared/flags.ts'
import { projectDir } from '../cli/shared/project.ts'
import { stamp } from '../cli/stamp.ts'
import { FAILURES_FILE } from './check/failures.ts'
import { type Step, steps } from './check/steps.ts'
import { makeScratchDir } from './scratch.ts'

const names = steps().map((step) => step.name)

const HELP = `
npm run check -- [flags]     everything that must hold before a commit; goes on after a step that fails

  --only STEP                ${names.join(', ')}; repeatable.
                             house is a part of tests: in seconds it names what a new event, verb, route, setting or column lacks
  --report FILE              vitest's results, as JSON
  --failures FILE            what failed, in words, which is also the end of the output
`

await runCommand(async () => {
  const { values } = readFlags(HELP, {
    only: { type: 'string', multiple: true },
    report: { type: 'string' },
    failures: { type: 'string' },
  })
  const only =
    values.only ??
    steps()
      .filter((step) => !step.isPart)
      .map((step) => step.name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new LocalError(`there is no step '${unknown}': ${names.join(', ')}`)

  process.chdir(projectDir)
  // The Worker imports the files that this writes.
  await stamp()
  const results: Result[] = []
  for (const step of steps(values.report)) if (only.includes(step.name)) results.push(await time(step))
  summarize(results)
  const failures = results.flatMap(({ failures }) => failures)
  if (failures.length > 0) console.log(styleText('bold', `\n── failed ${'─'.repeat(54)}`))
  for (const line of failures) console.log(line)
  if (values.failures) writeFileSync(values.failures, failures.map((line) => `${line}\n`).join(''))
})

interface Result {
  step: Step
  passed: boolean
  seconds: string
  /** What failed, in words. */
  failures: string[]
}

async function time(step: Step): Promise<Result> {
  console.log(styleText('bold', `\n── ${step.says} ${'─'.repeat(Math.max(0, 60 - step.says.length))}`))
  const startedAt = performance.now()
  const scratch = makeScratchDir('check')
  const named = join(scratch, 'failures')
  process.env[FAILURES_FILE] = named
  const passed = await step.run()
  const failures = passed ? [] : failuresOf(step, existsSync(named) ? readFileSync(named, 'utf8') : '')
  rmSync(scratch, { recursive: true, force: true })
  return { step, passed, seconds: ((performance.now() - startedAt) / 1000).toFixed(1), failures }
}

/** Returns the failed step, and the reasons or failed tests that it named. */
function failuresOf({ name, says }: Step, named: string): string[] {
  return [`✗ ${says}: npm run check -- --only ${name}`, ...(named ? [named.trimEnd()] : [])]
}

function summarize(results: Result[]): void {
  console.log(styleText('bold', `\n── summary ${'─'.repeat(53)}`))
  for (const { step, passed, seconds } of results) {
    const mark = passed ? styleText('green', '✓ passed') : styleText('red', '✗ failed')
    console.log(`${mark}  ${`${seconds} s`.padStart(7)}  ${step.says}`)
  }
  if (!results.every((result) => result.passed)) process.exitCode = 1
}
