import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { Vars } from './dev-vars.ts'
import { LocalError } from './errors.ts'

/** Reads the flags of a command. With --help it prints the help, and ends the process. Throws a LocalError. */
export function readFlags<const Options extends ParseArgsOptionsConfig>(
  help: string,
  options: Options,
  { args = process.argv.slice(2), allowPositionals = false } = {},
) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help.trim())
    process.exit()
  }
  try {
    return parseArgs({ args: joinNegative(args), options, allowPositionals })
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    throw new LocalError(`${sentence?.replace(/\.$/, '')}: --help lists the flags; they go after a \`--\``)
  }
}

/** Turns `--at -10m` into `--at=-10m`, which parseArgs needs. */
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

/** Returns the whole number of a flag, or undefined where the flag is not given. Throws a LocalError. */
export function wholeNumber(text: string | undefined, flag: string, min: number, max: number) {
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new LocalError(`${flag} takes a whole number from ${min} to ${max}, not '${text}'`)
}

/** Returns the port of a flag, or the usual one. Throws a LocalError. */
export function portNumber(text: string | undefined, flag: string, usual: number): number {
  return wholeNumber(text, flag, 1, 65_535) ?? usual
}

/** Reads `NAME:VALUE` from each --var. Throws a LocalError. */
export function readVars(given: string[] = []): Vars {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([A-Za-z_]\w*):(.*)$/s.exec(text) ?? []
      if (name === undefined) throw new LocalError(`--var takes NAME:VALUE, not '${text}'`)
      return [name, value ?? '']
    }),
  )
}
