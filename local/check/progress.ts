import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Reporter, TestModule, TestSpecification } from 'vitest/node'
import { counted } from '../../cli/shared/counted.ts'
import { projectDir } from '../../cli/shared/project.ts'

/** What each file took here when it ran last, in milliseconds. */
const FILE = join(projectDir, '.local/test-times.json')

/** Files at a time. More than two cores: many tests wait, for a process to start or for a moment to come. */
export const WORKERS = 3
const SAID_EVERY_MS = 60_000

const nameOf = (path: string) => relative(projectDir, path).replaceAll('\\', '/')

/** A reporter of vitest's: how long a run takes, as far as it is known from the one before, and how far it has come. */
export default class ProgressReporter implements Reporter {
  times: Record<string, number> = read()
  left = new Set<string>()
  saidAt = 0

  onTestRunStart(files: readonly TestSpecification[]): void {
    this.left = new Set(files.map(({ moduleId }) => nameOf(moduleId)))
    const isWhole = this.left.size > 100
    const long = this.howLong() ?? (isWhole ? 'about 12 minutes on two cores' : undefined)
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
      // The next run says less: that fails no test.
    }
  }

  /** How long the files that are left take. Undefined where most of them never ran here. */
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
