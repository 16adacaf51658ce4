import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Reporter, TestModule, TestSpecification } from 'vitest/node'
import { counted } from '../../cli/shared/counted.ts'
import { projectDir } from '../../cli/shared/project.ts'

/** The time that each file took in its last run on this machine, in milliseconds. */
const FILE = join(projectDir, '.local/test-times.json')

/** Files at a time: more than there are cores, because many tests wait for a process or a moment. */
export const WORKERS = 4
const SAID_EVERY_MS = 60_000

const nameOf = (path: string) => relative(projectDir, path).replaceAll('\\', '/')

/** A Vitest reporter: prints the expected time of a run, if an earlier run is recorded, and its progress. */
export default class ProgressReporter implements Reporter {
  times: Record<string, number> = read()
  left = new Set<string>()
  saidAt = 0

  onTestRunStart(files: readonly TestSpecification[]): void {
    this.left = new Set(files.map(({ moduleId }) => nameOf(moduleId)))
    const isWhole = this.left.size > 100
    const long = this.howLong() ?? (isWhole ? 'about 10 minutes on two cores' : undefined)
    const hint = isWhole ? '. `npm test -- <part of a name>` runs some' : ''
    this.say(`${counted(this.left.size, 'file')}${long ? `: ${long}` : ''}${hint}`)
  }

  onTestModuleEnd(module: TestModule): void {
    const name = nameOf(module.moduleId)
    this.left.delete(name)
    this.times[name] = Math.round(module.diagnostic().duration)
    if (this.left.size === 0 || Date.now() - this.saidAt <= SAID_EVERY_MS) return
    const long = this.howLong()
    this.say(`${counted(this.left.size, 'file')} to go${long ? `: ${long}` : ''}`)
  }

  onTestRunEnd(): void {
    try {
      mkdirSync(dirname(FILE), { recursive: true })
      writeFileSync(FILE, `${JSON.stringify(this.times, null, 2)}\n`)
    } catch {
      // Without the file the next run only prints less, so this fails no test.
    }
  }

  /** Returns how long the remaining files take. Undefined if most of them have never run here. */
  howLong(): string | undefined {
    const known = [...this.left].flatMap((name) => this.times[name] ?? [])
    if (known.length <= this.left.size / 2) return
    const minutes = known.reduce((sum, time) => sum + time, 0) / WORKERS / 60_000
    return minutes < 1 ? 'less than a minute' : `about ${Math.round(minutes)} minutes`
  }

  say(what: string): void {
    this.saidAt = Date.now()
    console.log(what)
  }
}

function read(): Record<string, number> {
  try {
    return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
  } catch {
    return {}
  }
}
