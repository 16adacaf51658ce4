import { once } from 'node:events'

/** Prints lines one by one, as fast as whoever reads them takes them: of many, not all are in memory. */
export async function printing(lines: Iterable<string>, print: (line: string) => void): Promise<void> {
  const { stdout } = process
  for (const line of lines) {
    print(line)
    if (stdout.writableNeedDrain) await taken(stdout)
  }
}

/** Resolves once a stream takes more, or is closed by whoever does not want more, as `head` does. */
async function taken(stream: NodeJS.WriteStream): Promise<void> {
  const over = new AbortController()
  const any = ['drain', 'close'].map((event) => once(stream, event, { signal: over.signal }))
  await Promise.race(any).catch(() => {})
  over.abort()
}
