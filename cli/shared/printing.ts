import { once } from 'node:events'

/** Prints lines one by one, as fast as whoever reads them takes them: of many, not all are in memory. */
export async function printing(lines: Iterable<string>, print: (line: string) => void): Promise<void> {
  const { stdout } = process
  for (const line of lines) {
    print(line)
    // Whoever does not want more has closed it, as `head` does.
    if (stdout.writableNeedDrain)
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).catch(() => {})
  }
}
