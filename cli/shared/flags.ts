import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { LocalError } from './errors.ts'

/** Reads a command's flags. Prints the help instead, and ends the process, when asked to. Throws a LocalError. */
export function readFlags<const Options extends ParseArgsOptionsConfig>(
  help: string,
  options: Options,
  { args = process.argv.slice(2), allowPositionals = false } = {},
) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help.trim())
    process.exit()
  }
  refuseTaken(Object.keys(options))
  try {
    return parseArgs({ args: joinNegative(args), options, allowPositionals })
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    throw new LocalError(`${sentence?.replace(/\.$/, '')}: --help lists the flags; they go after a \`--\``)
  }
}

/** What may be set for good, for npm or for node-gyp, and is then no flag of this run. */
const SET_FOR_GOOD = new Set(['before', 'json', 'key', 'only', 'target', 'url', 'user'])

/**
 * Without a `--` npm keeps a flag to itself, and a command would do without it: `migrate --dry-run` would migrate. Of
 * `--only`, `--on`, `--before`, `--key` and `--expires` npm leaves no trace but its own warning, for it has options of
 * these names that take other values. So a command says what it has compared, or refuses to do without the flag.
 */
function refuseTaken(names: string[]): void {
  const taken = names.find((name) => {
    const kept = process.env[`npm_config_${name.replaceAll('-', '_')}`]
    // npm writes `true` for a flag without a value. Of these names only `json` is ever set for good to that.
    return SET_FOR_GOOD.has(name) ? kept === 'true' && name !== 'json' : Boolean(kept)
  })
  if (taken === undefined) return
  throw new LocalError(`npm has kept --${taken} to itself: flags go after a \`--\`, npm run … -- --${taken}`)
}

/** `--at -10m` is meant as `--at=-10m`; parseArgs would not guess. */
function joinNegative(args: string[]): string[] {
  const joined: string[] = []
  for (const arg of args) {
    const flag = joined.at(-1)
    if (flag?.startsWith('--') && !flag.includes('=') && /^-\d/.test(arg))
      joined.push(`${joined.pop()}=${arg}`)
    else joined.push(arg)
  }
  return joined
}

/** The whole number that a flag was given, undefined where it was not. Throws a LocalError. */
export function wholeNumber(text: string | undefined, flag: string, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new LocalError(`${flag} takes a whole number from ${min} to ${max}, not '${text}'`)
}

/** A port, or the usual one. Throws a LocalError. */
export function portNumber(text: string | undefined, flag: string, usual: number): number {
  return wholeNumber(text, flag, 1, 65_535) ?? usual
}

/** `NAME:VALUE`, as often as given. Throws a LocalError. */
export function readVars(given: string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([A-Za-z_]\w*):(.*)$/s.exec(text) ?? []
      if (name === undefined) throw new LocalError(`--var takes NAME:VALUE, not '${text}'`)
      return [name, value ?? '']
    }),
  )
}

/** The text of a flag that must be given. Throws a LocalError. */
export function requiredText(text: string | undefined, flag: string, why: string): string {
  if (text?.trim()) return text.trim()
  throw new LocalError(`${flag} is missing: it ${why}`)
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A moment of the past, or how long it is ago: 90m, 12h, 30d. Throws a LocalError. */
export function readSince(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const at = count === undefined ? Date.parse(text) : Date.now() - Number(count) * (UNITS[unit] ?? 0)
  const isMoment = count !== undefined || /^\d{4}-\d\d-\d\d/.test(text)
  if (isMoment && Number.isFinite(at) && at > 0) return new Date(at)
  throw new LocalError(`--since takes 90m, 12h, 30d or a moment such as 2026-01-31, not '${text}'`)
}
