import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { LocalError } from '../cli/shared/errors.ts'
import { projectDir, tools } from '../cli/shared/project.ts'
import { formatVars, type Vars } from './dev-vars.ts'
import { type ProcessTree, startTree } from './process-tree.ts'
import { makeScratchDir } from './scratch.ts'
import { until } from './until.ts'
import { workerConfig } from './worker-config.ts'

const START_DEADLINE_MS = 60_000

/**
 * Lines that are not shown: the access log, because the Worker logs more itself, and the address of wrangler's log
 * file, which is deleted.
 */
const NOISE = /^(\[wrangler:info\]|🪵)/u

/** One structured line of the Worker's log: see `src/webhook/log.ts`. */
export type LogLine = { message: string; level: string } & Record<string, unknown>

export interface WorkerOptions {
  port: number
  /** All settings: neither `.dev.vars` nor the environment adds to them. */
  settings: Vars
  /** Whether wrangler opens a Cloudflare Tunnel. Its address is in the output. */
  tunnel?: boolean
  /** Whether the queue `SPILL` is bound. Wrangler has its own queues. */
  spill?: boolean
  onLog: (line: LogLine) => void
  /** Receives the lines of wrangler itself: a rebuild, an exception. */
  onOutput: (line: string) => void
}

export interface LocalWorker {
  url: string
  /** Fires the cron trigger, which only Cloudflare does otherwise. */
  runScheduled(): Promise<void>
  /** Resolves when wrangler has ended, for any reason. */
  ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Starts the real Worker in workerd with `wrangler dev`, and resolves when it responds. Needs no network. If no tunnel
 * can be opened, the output says so, and the Worker starts without one.
 */
export async function startWorker(options: WorkerOptions, interrupt: AbortSignal): Promise<LocalWorker> {
  try {
    return await startWrangler(options, interrupt)
  } catch (error) {
    if (!options.tunnel || interrupt.aborted) throw error
    options.onOutput(
      'No tunnel could be opened: is there a network? The Worker starts without a public address.',
    )
    return await startWrangler({ ...options, tunnel: false }, interrupt)
  }
}

async function startWrangler(options: WorkerOptions, interrupt: AbortSignal): Promise<LocalWorker> {
  const url = `http://127.0.0.1:${options.port}`
  const scratchDir = makeScratchDir('worker')
  const envFile = join(scratchDir, 'settings.env')
  await writeFile(envFile, formatVars(escapeExpansion(options.settings)), { mode: 0o600 })

  // Wrangler ends if it reads its configuration while an editor writes it, so it gets a copy.
  const configFile = join(scratchDir, 'wrangler.toml')
  await writeFile(configFile, workerConfig(options))

  const tree = startTree(tools.wrangler, wranglerArgs(options, configFile, envFile, scratchDir), {
    cwd: projectDir,
    env: { ...process.env, ...quietOffline(scratchDir) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => tree.child.once('close', () => resolve()))
  const stop = async () => {
    await tree.stop()
    await rm(scratchDir, { recursive: true, force: true })
  }
  const startOutput = routeOutput(tree, options)
  try {
    await responding(url, ended, interrupt)
  } catch (error) {
    await stop()
    if (!interrupt.aborted) for (const line of startOutput.end()) options.onOutput(line)
    throw error
  }
  startOutput.end()
  return { url, ended, stop, runScheduled: () => runScheduled(url) }
}

function wranglerArgs(
  { port, tunnel }: WorkerOptions,
  configFile: string,
  envFile: string,
  scratchDir: string,
): string[] {
  // In a file, because `ps` shows command lines. With this file, wrangler does not read `.dev.vars`.
  const settings = ['--env-file', envFile, '--persist-to', join(scratchDir, 'state')]
  const address = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0']
  return [
    'dev',
    '--config',
    configFile,
    ...settings,
    ...address,
    '--show-interactive-dev-session=false',
    ...(tunnel ? ['--tunnel'] : []),
  ]
}

/** Keeps wrangler from asking questions, sending telemetry, calling Cloudflare, and sharing files with another copy. */
function quietOffline(scratchDir: string): Vars {
  return {
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    CLOUDFLARE_INCLUDE_PROCESS_ENV: 'false',
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'true',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_LOG_PATH: join(scratchDir, 'logs'),
    WRANGLER_REGISTRY_PATH: join(scratchDir, 'registry'),
    // The [build] command runs npm, which would leave its compile cache in the temporary directory. The tests name
    // another.
    ...(!process.env.NODE_COMPILE_CACHE && { NODE_DISABLE_COMPILE_CACHE: '1' }),
    X_LOCAL_EXPLORER: 'false',
    X_LOCAL_OBSERVABILITY: 'false',
  }
}

/** Escapes `$`: wrangler replaces `$NAME` in an env file with that variable's value. */
function escapeExpansion(settings: Vars): Vars {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, value.replaceAll('$', '\\$')]),
  )
}

/**
 * Passes each line to its receiver. It keeps wrangler's own lines until `end()`, which returns those that explain a
 * failed start.
 */
function routeOutput({ child }: ProcessTree, { onLog, onOutput }: WorkerOptions) {
  let kept: string[] | undefined = []
  const route = (raw: string) => {
    const line = stripVTControlCharacters(raw).trimEnd()
    const logged = parseLog(line)
    if (logged) onLog(logged)
    else if (kept) kept.push(line)
    else if (line && !NOISE.test(line)) onOutput(line)
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', route)
  }
  return {
    end() {
      const lines = kept ?? []
      kept = undefined
      const firstError = lines.findIndex((line) => line.includes('[ERROR]'))
      return lines.slice(Math.max(firstError, 0)).filter((line) => line && !NOISE.test(line))
    },
  }
}

function parseLog(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value = JSON.parse(line)
    return typeof value.message === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

async function responding(url: string, ended: Promise<void>, interrupt: AbortSignal): Promise<void> {
  let over = false
  void ended.then(() => {
    over = true
  })
  const responds = async () => {
    interrupt.throwIfAborted()
    if (over) throw new LocalError('the Worker did not start: wrangler ended, see above')
    return await isHealthy(url)
  }
  if (await until(responds, START_DEADLINE_MS)) return
  throw new LocalError('the Worker did not start within a minute, see above')
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/api/health`).catch(() => null)
  return response?.ok ?? false
}

async function runScheduled(url: string): Promise<void> {
  const response = await fetch(`${url}/cdn-cgi/local/scheduled`)
  if (!response.ok) throw new Error(`the scheduled run returned ${response.status}`)
}
