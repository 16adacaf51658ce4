import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { LocalError } from './errors.ts'

/** Reads a command's flags. If asked for help, it prints the help and ends the process. Throws a LocalError. */
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

/** Options that may be in a permanent configuration of npm or node-gyp. They are then not flags of this run. */
const SET_FOR_GOOD = new Set(['before', 'json', 'key', 'only', 'target', 'url', 'user'])

/**
 * Without a `--`, npm keeps a flag and the command runs without it: `migrate --dry-run` would migrate. For `--only`,
 * `--on`, `--before`, `--key` and `--expires` npm leaves no trace except its own warning, because it has options of
 * these names with other values. So a command prints what it compared, or refuses to run without the flag.
 */
function refuseTaken(names: string[]): void {
  const taken = names.find((name) => {
    const kept = process.env[`npm_config_${name.replaceAll('-', '_')}`]
    // npm writes `true` for a flag without a value. Of these names, only `json` can have that value in a permanent
    // configuration.
    return SET_FOR_GOOD.has(name) ? kept === 'true' && name !== 'json' : Boolean(kept)
  })
  if (taken === undefined) return
  throw new LocalError(`npm took --${taken} for itself: flags go after a \`--\`, npm run … -- --${taken}`)
}

/** Joins `--at -10m` to `--at=-10m`, which parseArgs would not guess. */
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

/** Returns the whole number of a flag, or undefined if it was not given. Throws a LocalError. */
export function wholeNumber(text: string | undefined, flag: string, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new LocalError(`${flag} takes a whole number from ${min} to ${max}, not '${text}'`)
}

/** Returns a port, or the default. Throws a LocalError. */
export function portNumber(text: string | undefined, flag: string, usual: number): number {
  return wholeNumber(text, flag, 1, 65_535) ?? usual
}

/** Reads any number of `NAME:VALUE`. Throws a LocalError. */
export function readVars(given: string[] = []): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([A-Za-z_]\w*):(.*)$/s.exec(text) ?? []
      if (name === undefined) throw new LocalError(`--var takes NAME:VALUE, not '${text}'`)
      return [name, value ?? '']
    }),
  )
}

/** Returns the text of a required flag, which has at most this many characters. Throws a LocalError. */
export function requiredText(text: string | undefined, flag: string, most: number, why: string): string {
  const given = text?.trim()
  if (!given) throw new LocalError(`${flag} is missing: it ${why}`)
  if (given.length <= most) return given
  throw new LocalError(
    `${flag} takes at most ${most} characters, and this has ${given.length}: nothing is changed`,
  )
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a moment in the past, or how long ago it was: 90m, 12h, 30d. Throws a LocalError. */
export function readSince(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const at = count === undefined ? Date.parse(text) : Date.now() - Number(count) * (UNITS[unit] ?? 0)
  const isMoment = count !== undefined || /^\d{4}-\d\d-\d\d/.test(text)
  // Nothing has happened since now, and so a comparison would find nothing.
  if (isMoment && at > 0 && at < Date.now() && Number(count) !== 0) return new Date(at)
  throw new LocalError(`--since takes 90m, 12h, 30d or a past moment such as 2026-01-31, not '${text}'`)
}
