import { styleText } from 'node:util'
import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags } from '../cli/shared/flags.ts'
import { projectDir } from '../cli/shared/project.ts'
import { stamp } from '../cli/stamp.ts'
import { type Step, steps } from './check/steps.ts'

const names = steps(undefined).map((step) => step.name)

const HELP = `
npm run check -- [flags]     everything that must hold before a commit; goes on after a step that fails

  --only STEP                ${names.join(', ')}; repeatable.
                             house is a part of tests: seconds, and it names all that a new event, route or setting lacks
  --report FILE              vitest's results, as JSON
`

await runCommand(async () => {
  const { values } = readFlags(HELP, {
    only: { type: 'string', multiple: true },
    report: { type: 'string' },
  })
  const only =
    values.only ??
    steps(undefined)
      .filter((step) => !step.isPart)
      .map((step) => step.name)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new LocalError(`there is no step '${unknown}': ${names.join(', ')}`)

  process.chdir(projectDir)
  // The Worker imports what it writes.
  stamp()
  const results: Result[] = []
  for (const step of steps(values.report)) if (only.includes(step.name)) results.push(await time(step))
  summarize(results)
})

interface Result {
  step: Step
  passed: boolean
  seconds: string
}

async function time(step: Step): Promise<Result> {
  console.log(styleText('bold', `\n── ${step.says} ${'─'.repeat(Math.max(0, 60 - step.says.length))}`))
  const startedAt = performance.now()
  const passed = await step.run()
  return { step, passed, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) }
}

function summarize(results: Result[]): void {
  console.log(styleText('bold', `\n── summary ${'─'.repeat(53)}`))
  for (const { step, passed, seconds } of results) {
    const mark = passed ? styleText('green', '✓ passed') : styleText('red', '✗ failed')
    console.log(`${mark}  ${`${seconds} s`.padStart(7)}  ${step.says}`)
  }
  if (!results.every((result) => result.passed)) process.exitCode = 1
}
