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
  /** Ports by name: `http`; `queue` of the broker; `inspector` of V8. The last two exist only if requested. */
  ports: Record<string, number>
  stop(): Promise<void>
}

export interface WorkerdOptions {
  bundlePath: string
  /** Passed in the environment, because others can read files and command lines. */
  settings: Vars
  /** Bundles that `workers/isolates.ts` may load, by name. */
  isolates?: Record<string, string>
  /**
   * The bundle of `workers/queue.ts`, either as the broker behind the binding `SPILL` or as the door in front of the
   * Worker.
   */
  queue?: { path: string } & ({ door: string } | { isDoor: true })
  /** Whether to also start V8's inspector, on a port that the system chooses. */
  inspector?: boolean
}

/** Runs a bundle in workerd, without a proxy in front of it, on a port that the system chooses. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const configPath = join(dirname(options.bundlePath), 'config.capnp')
  await writeFile(configPath, config(options))
  const { isolates, queue, inspector = false } = options
  const flags = [
    '--control-fd=3',
    ...(isolates || queue ? ['--experimental'] : []),
    ...(inspector ? ['--inspector-addr=127.0.0.1:0'] : []),
  ]
  const wanted = ['http', ...(queue && 'door' in queue ? ['queue'] : []), ...(inspector ? ['inspector'] : [])]
  const child = spawn(binary, ['serve', ...flags, configPath], {
    env: { ...process.env, ...options.settings },
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
    const ports = await listeningPorts(child.stdio[3] as Readable, wanted)
    return { url: `http://127.0.0.1:${ports.http}`, ports, pid, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function listeningPorts(control: Readable, wanted: string[]): Promise<Record<string, number>> {
  const ports: Record<string, number> = {}
  for await (const line of createInterface({ input: control })) {
    const { event, port, socket = 'inspector' } = JSON.parse(line)
    if (event.startsWith('listen')) ports[socket] = port
    if (wanted.every((name) => name in ports)) return ports
  }
  throw new LocalError('workerd did not start, see above')
}

/** Returns the configuration. The worker can reach only loopback, so no measure depends on a network. */
function config({ bundlePath, settings, isolates, queue }: WorkerdOptions): string {
  // In this file, the path separator of Windows would begin an escape.
  const fromHere = (path: string) => relative(dirname(bundlePath), path).replaceAll('\\', '/')
  const service = (name: string, path: string, bindings: string[], flags = '') =>
    `(name = "${name}", worker = (
      modules = [(name = "${basename(path)}", esModule = embed "${fromHere(path)}")],
      compatibilityDate = "${compatibilityDate}",${flags}
      bindings = [${bindings.join(', ')}],
    ))`
  const bindings = [
    ...Object.keys(settings).map((name) => `(name = "${name}", fromEnvironment = "${name}")`),
    ...Object.entries(isolates ?? {}).map(
      ([name, path]) => `(name = "${name}", text = embed "${fromHere(path)}")`,
    ),
    ...(isolates
      ? [
          `(name = "COMPATIBILITY_DATE", text = "${compatibilityDate}")`,
          '(name = "LOADER", workerLoader = ())',
        ]
      : []),
    ...(queue && 'door' in queue ? ['(name = "SPILL", queue = "queue")'] : []),
  ]
  const role =
    queue &&
    ('door' in queue ? `(name = "DOOR", text = "${queue.door}")` : '(name = "CONSUMER", service = "main")')
  const services = [
    service('main', bundlePath, bindings),
    ...(queue && role
      ? [service('queue', queue.path, [role], 'compatibilityFlags = ["service_binding_extra_handlers"],')]
      : []),
    '(name = "internet", network = (allow = ["local"]))',
  ]
  const socket = (name: string, service: string) =>
    `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${service}")`
  const sockets = [
    socket('http', queue && 'isDoor' in queue ? 'queue' : 'main'),
    ...(queue && 'door' in queue ? [socket('queue', 'queue')] : []),
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join(',\n    ')},
  ],
  sockets = [${sockets.join(', ')}],
);
`
}
