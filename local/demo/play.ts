import type pg from 'pg'
import { deliver, signedRequest } from '../deliver.ts'
import { generateSecrets, type Vars } from '../dev-vars.ts'
import { readStats, resetStats } from '../gateway/client.ts'
import { signingSecret } from '../sign.ts'
import type { Facts } from './compare.ts'
import type { Receiver } from './receiver.ts'
import type { Delivery, Step } from './story.ts'

/** What a story needs while it is played. */
export interface Stage {
  workerUrl: string
  gatewayUrl: string
  stripeUrl: string
  clerkUrl: string
  database: pg.Client
  /** The connection string of the database's owner. */
  databaseUrl: string
  /** The Worker's secrets. */
  secrets: Vars
  /** All settings of the Worker, except the addresses of local parts. */
  settings: Vars
  /** A directory without settings. */
  dir: string
  /** The app that receives events, if the story has one. */
  receiver?: Receiver | undefined
  /** The private half of CLERK_JWT_KEY, as PEM. */
  sessionKey: string
}

/** Delivers a step over HTTP, and returns the result. */
export async function play({ deliveries, user }: Step, stage: Stage): Promise<Facts> {
  return await observe(user, stage, () => Promise.all(deliveries.map((delivery) => send(delivery, stage))))
}

/** Runs an action, and returns the result. */
export async function observe(user: string, stage: Stage, act: () => Promise<string[]>): Promise<Facts> {
  await resetStats(stage.gatewayUrl)
  const answers = await act()
  const { requests } = await readStats(stage.gatewayUrl)
  return { answers, requests, ...(await look(user, stage.database)) }
}

/** Delivers one event, and returns the Worker's response: `200 applied`. */
export async function send({ provider, event, forged, ageMs = 0 }: Delivery, stage: Stage): Promise<string> {
  const secrets = forged ? generateSecrets() : stage.secrets
  const request = await signedRequest(stage.workerUrl, provider, event, {
    secret: signingSecret(provider, secrets) ?? '',
    signedAt: Date.now() - ageMs,
  })
  const { status, outcome, reason, text } = await deliver(request)
  if (outcome) return [`${status} ${outcome}`, reason].filter(Boolean).join(' / ')
  return `${status} ${(JSON.parse(text) as { error?: string }).error}`
}

async function look(user: string, database: pg.Client): Promise<Pick<Facts, 'balance' | 'name'>> {
  const { rows } = await database.query<{ balance: string; name: string | null }>(
    'select balance, name from ledgerhook.wallets left join ledgerhook.users on users.id = user_id where user_id = $1',
    [user],
  )
  const [row] = rows
  return { balance: row ? Number(row.balance) : null, ...(row?.name && { name: row.name }) }
}
