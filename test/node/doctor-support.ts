import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Stripe from 'stripe'
import { onTestFinished } from 'vitest'
import { buildName } from '../../cli/build-name.ts'
import { checks } from '../../cli/doctor/checks.ts'
import { type ContextOptions, createContext, type Vars } from '../../cli/doctor/context.ts'
import { type Examined, examine } from '../../cli/doctor/examine.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { generateSecrets } from '../../local/dev-vars.ts'
import { freePort } from '../../local/ports.ts'
import { generateKeyPair } from '../../local/session-token.ts'
import { type Stack, startStack } from '../../local/stack.ts'
import type { LogLine } from '../../local/worker.ts'
import { makeDir } from './command.ts'

/** A running Worker with everything that it needs, as `npm run dev` starts it. */
export interface Running extends Omit<Stack, 'stop'> {
  /** The Worker's settings. */
  settings: Vars
  /** The Worker's log. */
  logged: LogLine[]
  stop(): Promise<void>
}

export async function startRunning(): Promise<Running> {
  const dir = makeDir()
  const { publicKey } = await generateKeyPair()
  const settings: Vars = {
    ...generateSecrets(),
    CLERK_JWT_KEY: publicKey,
    CLERK_INSTANCE_ID: 'ins_local',
    PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
    CREDIT_PACKS: '{"starter": {"credits": 500, "amount": 500, "currency": "usd", "name": "500 credits"}}',
  }
  const [worker, postgres, gateway] = [await freePort(), await freePort(), await freePort()]
  const ports = { worker, postgres, gateway, stripe: await freePort(), clerk: await freePort() }
  const logged: LogLine[] = []
  const silent = {
    onLog: (line: LogLine) => void logged.push(line),
    onOutput: (line: string) => console.error(line),
  }
  const options = { ...silent, dataDir: join(dir, 'postgres'), settings, ports }
  const stack = await startStack(options, new AbortController().signal)
  return {
    ...stack,
    logged,
    settings: {
      ...settings,
      DATABASE_URL: stack.databaseUrl,
      NEON_FETCH_ENDPOINT: stack.gatewayUrl ?? '',
      STRIPE_API_BASE: stack.stripeUrl ?? '',
      CLERK_API_BASE: stack.clerkUrl ?? '',
      APP_URL: `${stack.stripeUrl}/app`,
    },
    async stop() {
      await stack.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Runs the checks with these names, or all, against a running Worker, with some settings changed. */
export async function examined(
  { worker, settings }: Running,
  names: string[],
  { vars = {}, ...options }: Partial<ContextOptions> & { vars?: Vars } = {},
): Promise<Examined[]> {
  const context = createContext({
    url: worker.url,
    checkout: { dir: projectDir, build: buildName() },
    given: { ...settings, ...vars },
    ...options,
  })
  return await examine(
    context,
    checks.filter(({ name }) => names.length === 0 || names.includes(name)),
  )
}

/** Returns the SDK for the local Stripe of a running Worker. */
export const stripeOf = ({ settings }: Running) =>
  new Stripe(settings.STRIPE_SECRET_KEY ?? '', {
    protocol: 'http',
    host: '127.0.0.1',
    port: URL.parse(settings.STRIPE_API_BASE ?? '')?.port ?? '',
    telemetry: false,
  })

/** Sends a request to a stand-in's controls under `/test`. */
export async function set(base: string | undefined, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${base}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}

/** Starts a server in place of the Worker, which returns this to every request while the test runs. */
export async function somethingElse(status: number, body: string, headers = {}): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
