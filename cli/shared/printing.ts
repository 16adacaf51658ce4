import { once } from 'node:events'

/**
 * Prints lines one by one, as fast as the reader takes them, so that few of them are in memory. Stops when the reader
 * closes the stream, as `head` does.
 */
export async function printing(lines: Iterable<string>, print: (line: string) => void): Promise<void> {
  for (const line of lines) {
    print(line)
    if (process.stdout.writableNeedDrain && !(await isTaken(process.stdout))) return
  }
}

/** Returns true once a stream takes more, and false if its reader has closed it. */
async function isTaken(stream: NodeJS.WriteStream): Promise<boolean> {
  const over = new AbortController()
  const drained = once(stream, 'drain', { signal: over.signal }).then(() => true)
  const closed = once(stream, 'close', { signal: over.signal }).then(() => false)
  try {
    return await Promise.race([drained, closed])
  } catch {
    // A write failed because the reader closed the stream.
    return false
  } finally {
    over.abort()
    await Promise.allSettled([drained, closed])
  }
}
