import { rm } from 'node:fs/promises'
import { styleText } from 'node:util'
import pg from 'pg'
import { counted } from '../cli/shared/counted.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags } from '../cli/shared/flags.ts'
import { billingStory } from './demo/billing.ts'
import { changesStory } from './demo/changes.ts'
import { differences } from './demo/compare.ts'
import { driftStory } from './demo/drift.ts'
import { meteredStory } from './demo/metered.ts'
import { outageStory, QUEUE_SPEED } from './demo/outage.ts'
import { play, type Stage } from './demo/play.ts'
import { proofs } from './demo/proofs.ts'
import { type Receiver, startReceiver } from './demo/receiver.ts'
import { tellRefunds } from './demo/refunds.ts'
import type { Scene, Story } from './demo/scene.ts'
import { type Step, tellStory } from './demo/story.ts'
import { footnote, header, mark, row } from './demo/table.ts'
import { generateSecrets, type Vars } from './dev-vars.ts'
import { runInterruptible } from './interrupt.ts'
import { freePort } from './ports.ts'
import { makeScratchDir } from './scratch.ts'
import { generateKeyPair } from './session-token.ts'
import { startStack } from './stack.ts'

const HELP = `
npm run demo                         a story in signed webhooks, sent to the real Worker on a real Postgres, line by line
npm run demo -- --story billing      sign in, buy, pay, subscribe, renew, cancel, with the API and a local Stripe
npm run demo -- --story changes      plans that are changed, at once, declined and undone: what happens to credits
npm run demo -- --story metered      spend, give back, grant, run low, buy, and the events that the app gets
npm run demo -- --story refunds      refunds and disputes, in every order: what happens to credits when money comes back
npm run demo -- --story outage       40 hours without a database, in fast motion: everything waits in the queue
npm run demo -- --story drift        deliveries are lost in three ways, and \`npm run reconcile\` finds and corrects each

Starts everything it needs on free ports, and leaves nothing behind. Exits with 0 only if every line is as promised.
`

const stories: Record<string, Story> = {
  webhooks: { wallets: 3, scenes: (stage) => delivered(tellStory(), stage) },
  billing: { wallets: 2, scenes: billingStory },
  changes: { wallets: 2, scenes: changesStory },
  metered: { wallets: 1, listens: true, scenes: meteredStory },
  refunds: { wallets: 1, scenes: (stage) => delivered(tellRefunds(), stage) },
  drift: { wallets: 3, readsUsers: true, scenes: driftStory },
  outage: { wallets: 2, spills: true, scenes: outageStory },
}

function delivered(steps: Step[], stage: Stage): Scene[] {
  return steps.map((step) => ({
    says: step.says,
    sent: step.deliveries[0]?.event.type ?? '',
    promised: step.promised,
    play: () => play(step, stage),
  }))
}

await runInterruptible(async (interrupt) => {
  const { values } = readFlags(HELP, { story: { type: 'string', default: 'webhooks' } })
  const told = Object.hasOwn(stories, values.story) ? stories[values.story] : undefined
  if (!told) throw new LocalError(`--story takes ${Object.keys(stories).join(' or ')}, not '${values.story}'`)
  const dataDir = makeScratchDir('demo')
  const secrets = generateSecrets()
  const receiver = told.listens ? await startReceiver(secrets.EVENTS_SECRET ?? '') : undefined
  try {
    await tell(told, { dataDir, secrets, receiver }, interrupt)
  } finally {
    await receiver?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
})

interface Props {
  dataDir: string
  secrets: Vars
  /** The app that receives events, if the story has one. */
  receiver: Receiver | undefined
}

async function tell(story: Story, props: Props, interrupt: AbortSignal): Promise<void> {
  const { dataDir, receiver } = props
  const keys = await generateKeyPair()
  const secrets: Vars = { ...props.secrets, CLERK_JWT_KEY: keys.publicKey }
  const settings = settingsOfTheStory(secrets, story, receiver)
  const startedAt = performance.now()
  console.log('booting the real Worker on a real Postgres, a few seconds')
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(7)
  const stack = await startStack(
    {
      dataDir,
      settings: { ...settings, ...(story.spills && { QUEUE_SPEED: String(QUEUE_SPEED) }) },
      spill: story.spills ?? false,
      ports: {
        worker: await freePort(),
        postgres: await freePort(),
        gateway: await freePort(),
        stripe: await freePort(),
        clerk: await freePort(),
      },
      onStep: (part) => console.log(styleText('dim', `${seconds()}  ${part}`)),
      onLog: () => {},
      onOutput: (line) => console.error(line),
    },
    interrupt,
  )
  const database = new pg.Client(stack.databaseUrl)
  // Ctrl-C may stop Postgres first, which breaks this connection.
  database.on('error', () => {})
  try {
    await database.connect()
    const { worker, databaseUrl, gatewayUrl = '', stripeUrl = '', clerkUrl = '' } = stack
    const stage = {
      workerUrl: worker.url,
      gatewayUrl,
      stripeUrl,
      clerkUrl,
      databaseUrl,
      dir: dataDir,
      database,
      secrets,
      settings,
      receiver,
      sessionKey: keys.privateKey,
    }
    const { lines, wrong } = await perform(story, stage, interrupt)
    if (wrong > 0)
      throw new LocalError(`${wrong} of ${counted(lines, 'line')} not as promised: marked with ✗`)
    console.log(
      `${styleText('green', `all ${counted(lines, 'line')} are as promised`)}, in ${seconds().trim()}`,
    )
  } finally {
    await database.end().catch(() => {})
    await stack.stop()
  }
}

/** Returns every setting that the story depends on, so that a developer's own settings do not change it. */
function settingsOfTheStory(secrets: Vars, { readsUsers }: Story, receiver?: Receiver): Vars {
  return {
    ...secrets,
    ...(receiver && { EVENTS_URL: receiver.url, LOW_BALANCE: '20' }),
    GRANT_LIMIT: '{"per_call": 100, "per_user_day": 100, "per_day": 100}',
    CAMPAIGNS: '{"friends": {"per_user": 25}}',
    SIGNUP_BONUS_CREDITS: '40',
    REQUIRE_EMAIL: 'true',
    USER_DELETION: 'deactivate',
    // In the other stories, users come by webhooks and sessions, and none is read from Clerk.
    ...(readsUsers ? { CLERK_INSTANCE_ID: 'ins_local' } : { CLERK_INSTANCE_ID: '', CLERK_SECRET_KEY: '' }),
    CREDIT_PACKS: '{"starter": {"credits": 500, "amount": 500, "currency": "usd", "name": "500 credits"}}',
    PLANS: JSON.stringify({
      price_pro_monthly: { key: 'pro', credits: 1000 },
      price_pro_yearly: { key: 'pro_yearly', credits: 12_000 },
      price_max_monthly: { key: 'max', credits: 10_000 },
    }),
  }
}

async function perform(
  story: Story,
  stage: Stage,
  interrupt: AbortSignal,
): Promise<{ lines: number; wrong: number }> {
  const verdicts: boolean[] = []
  console.log(`\n${header()}`)
  const scenes = story.scenes(stage)
  for (const scene of scenes) {
    interrupt.throwIfAborted()
    const seen = await scene.play()
    const wrong = differences(scene.promised, seen)
    verdicts.push(wrong.length === 0)
    console.log(row(scene, seen, wrong))
  }
  console.log(footnote(scenes))
  for (const { says, holds } of await proofs(stage.database, story.wallets)) {
    verdicts.push(holds)
    console.log(`${mark(holds)} ${says}`)
  }
  console.log()
  return { lines: verdicts.length, wrong: verdicts.filter((good) => !good).length }
}
