import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { hostOf, isThisMachine } from './database.ts'
import { LocalError } from './errors.ts'

/** The terminal on which a person can be asked. */
export interface Terminal {
  input: Readable
  output: Writable
}

/**
 * Asks before something changes in a database that is not on this machine, unless `--yes` was given. Throws a
 * LocalError if the person says no, or if there is no terminal.
 */
export async function confirmElsewhere(
  url: string,
  what: string,
  { yes = false, terminal = ofThisProcess() }: { yes?: boolean | undefined; terminal?: Terminal | undefined },
): Promise<void> {
  if (yes || isThisMachine(url)) return
  const host = hostOf(url)
  if (terminal === undefined)
    throw new LocalError(`${host} is not this machine: add \`-- --yes\` if you mean to ${what} there`)
  const prompt = createInterface(terminal)
  try {
    const answer = await prompt.question(`${what} at ${host}, which is not this machine? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new LocalError(`${host}: nothing is changed`)
  } finally {
    prompt.close()
  }
}

function ofThisProcess(): Terminal | undefined {
  const { stdin: input, stderr: output } = process
  return input.isTTY && output.isTTY ? { input, output } : undefined
}
