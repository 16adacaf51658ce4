import { resolve } from 'node:path'
import { setInterval } from 'node:timers'
import { styleText } from 'node:util'
import { configuredDatabase } from '../cli/shared/configured.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { DEVELOPMENT, isSetting } from '../cli/shared/settings.ts'
import { deliveryLine } from './dev/delivery-line.ts'
import { devFlags } from './dev/flags.ts'
import { needsGateway } from './dev/given-database.ts'
import { outputLine } from './dev/output-line.ts'
import { describe } from './dev/ready.ts'
import { liveKeys, whatIsWrong } from './dev/what-is-wrong.ts'
import { ensureDevVars, readSettings } from './dev-vars.ts'
import { aborted, runInterruptible } from './interrupt.ts'
import { releaseChosenPorts } from './ports.ts'
import { reachableDataDir } from './postgres/reachable.ts'
import { type Stack, startStack } from './stack.ts'

const MINUTE_MS = 60_000

await runInterruptible(async (interrupt) => {
  const { vars, ...flags } = await devFlags()
  const done = await ensureDevVars()
  if (done) console.log(done)
  const { settings, fromEnvironment, stray } = readSettings()
  if (fromEnvironment.length > 0) console.log(`from the environment: ${fromEnvironment.join(', ')}`)
  for (const name of Object.keys(settings).filter((name) => !isSetting(name)))
    console.warn(`${name} in .dev.vars is not a setting: docs/settings.md lists them`)
  for (const line of stray) console.warn(`line ${line} of .dev.vars is not NAME=…, and sets nothing`)
  const wrong = whatIsWrong(
    {
      ...DEVELOPMENT,
      ...settings,
      DATABASE_URL: settings.DATABASE_URL || 'postgres://local@127.0.0.1/local',
      ...vars,
    },
    flags,
  )
  // Only warns, because a developer may want to see what a Worker does without a setting.
  for (const reason of wrong) console.warn(reason)
  for (const line of liveKeys({ ...settings, ...vars })) console.warn(line)
  if (wrong.length > 0) console.warn('Until that is corrected, webhooks get a 500 misconfigured')

  const givenUrl = configuredDatabase()
  if (flags.gateway && !givenUrl)
    throw new LocalError('--gateway stands in front of the database of DATABASE_URL, which is not set')
  const dataDir = reachableDataDir(flags.dataDir)
  if (!givenUrl && dataDir !== resolve(flags.dataDir))
    console.log(
      `Postgres does not run as root, and its user may not enter ${flags.dataDir}: its data is in ${dataDir}`,
    )
  // A setting that names an endpoint means that there already is a gateway.
  const endpoint = { ...settings, ...vars }.NEON_FETCH_ENDPOINT
  const stack = await startStack(
    {
      ...flags,
      stripeFile: `${flags.dataDir}.stripe.json`,
      clerkFile: `${flags.dataDir}.clerk.json`,
      settings,
      overrides: vars,
      givenUrl,
      givenNeedsGateway: givenUrl !== undefined && !endpoint && (await needsGateway(givenUrl, flags)),
      onStep: (part) => console.log(styleText('dim', `up: ${part}`)),
      onLog: (line) => console.log(deliveryLine(line)),
      onOutput: (line) => {
        const shown = outputLine(line)
        if (shown !== undefined) console.error(shown)
      },
    },
    interrupt,
  )
  await releaseChosenPorts()
  console.log(
    await describe(stack, { ...settings, ...vars }, flags.ports.postgres, [
      ...fromEnvironment,
      ...Object.keys(vars),
    ]),
  )
  await keepRunning(stack, interrupt)
})

async function keepRunning(stack: Stack, interrupt: AbortSignal): Promise<void> {
  const schedule = setInterval(() => {
    stack.worker.runScheduled().catch((error: Error) => console.error(error.message))
  }, MINUTE_MS)
  await Promise.race([aborted(interrupt), stack.worker.ended])
  clearInterval(schedule)
  await stack.stop()
  if (!interrupt.aborted) throw new LocalError('wrangler ended by itself, see above: everything is stopped')
}
