import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { LocalError } from '../../cli/shared/errors.ts'
import { projectDir } from '../../cli/shared/project.ts'
import type { Vars } from '../../local/dev-vars.ts'
import { guardAgainstOrphan } from '../../local/postgres/guard.ts'

const binary: string = createRequire(import.meta.url)('workerd').default

export const [, compatibilityDate = ''] =
  /^compatibility_date = "(.+)"$/m.exec(readFileSync(join(projectDir, 'wrangler.toml'), 'utf8')) ?? []

export interface Workerd {
  url: string
  pid: number
  stop(): Promise<void>
}

export interface WorkerdOptions {
  bundlePath: string
  /** Passed in the environment: others can read files and command lines. */
  settings: Vars
  /** Bundles that `workers/isolates.ts` may load, by name. */
  isolates?: Record<string, string>
}

/** Runs a bundle in workerd, without a proxy in front of it, on a port that the system chooses. */
export async function startWorkerd({ bundlePath, settings, isolates }: WorkerdOptions): Promise<Workerd> {
  const configPath = join(dirname(bundlePath), 'config.capnp')
  await writeFile(configPath, config(bundlePath, Object.keys(settings), isolates))
  const flags = ['--control-fd=3', ...(isolates ? ['--experimental'] : [])]
  const child = spawn(binary, ['serve', ...flags, configPath], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new LocalError('workerd did not start: `npm ci` installs it')
  const callOffGuard = guardAgainstOrphan(pid)
  const exited = once(child, 'exit').finally(callOffGuard)
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    return { url: `http://127.0.0.1:${await listeningPort(child.stdio[3] as Readable)}`, pid, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function listeningPort(control: Readable): Promise<number> {
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line)
    if (event === 'listen') return port
  }
  throw new LocalError('workerd did not start, see above')
}

/** Returns the configuration. The worker may reach loopback only: no measure depends on a network. */
function config(bundlePath: string, settings: string[], isolates: WorkerdOptions['isolates']): string {
  const main = basename(bundlePath)
  // In this file the separator of Windows would begin an escape.
  const fromHere = (path: string) => relative(dirname(bundlePath), path).replaceAll('\\', '/')
  const bindings = [
    ...settings.map((name) => `(name = "${name}", fromEnvironment = "${name}")`),
    ...Object.entries(isolates ?? {}).map(
      ([name, path]) => `(name = "${name}", text = embed "${fromHere(path)}")`,
    ),
    ...(isolates
      ? [
          `(name = "COMPATIBILITY_DATE", text = "${compatibilityDate}")`,
          '(name = "LOADER", workerLoader = ())',
        ]
      : []),
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "${main}", esModule = embed "${main}")],
      compatibilityDate = "${compatibilityDate}",
      bindings = [${bindings.join(', ')}],
    )),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`
}
