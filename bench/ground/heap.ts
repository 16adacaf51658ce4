import type { Workerd } from './workerd.ts'

/** Of an answer of the inspector. Milliseconds. */
const WITHIN_MS = 10_000
const PAUSE_MS = 20

/**
 * Collects the garbage of the Worker and returns what its heap then holds, in bytes: objects, what the runtime has beside
 * them, and buffers. It has to be started with the inspector. Throws where it does not answer.
 * @param wake a request to the Worker: an isolate collects when it runs
 */
export async function heldBytes({ ports }: Pick<Workerd, 'ports'>, wake: () => Promise<unknown>) {
  const inspector = await connect(ports.inspector)
  try {
    // What the first one frees may let go of something of the runtime's, which the second one finds.
    for (let time = 0; time < 2; time++) {
      let isCollected = false
      const collected = inspector.ask('HeapProfiler.collectGarbage').then(() => {
        isCollected = true
      })
      // Where the Worker is gone, the request that wakes it says so first.
      collected.catch(() => {})
      const deadline = Date.now() + WITHIN_MS
      while (!isCollected && Date.now() < deadline) {
        await wake()
        await Promise.race([collected, new Promise((resolve) => setTimeout(resolve, PAUSE_MS))])
      }
      if (!isCollected) throw new Error('the inspector has not collected')
    }
    const {
      usedSize,
      embedderHeapUsedSize = 0,
      backingStorageSize = 0,
    } = await inspector.ask('Runtime.getHeapUsage')
    return (usedSize ?? Number.NaN) + embedderHeapUsedSize + backingStorageSize
  } finally {
    inspector.close()
  }
}

/** Connects to the inspector of the Worker that is named `main`. */
async function connect(port: number | undefined) {
  const signal = AbortSignal.timeout(WITHIN_MS)
  const listed = await fetch(`http://127.0.0.1:${port}/json`, { signal })
  const targets = (await listed.json()) as { id: string; webSocketDebuggerUrl: string }[]
  const target = targets.find(({ id }) => id === 'main')
  if (!target) throw new Error('the inspector does not know the Worker')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the inspector cannot be reached')))
  })
  let asked = 0
  return {
    close: () => socket.close(),
    ask: (method: string) =>
      new Promise<Record<string, number>>((resolve, reject) => {
        const id = ++asked
        socket.addEventListener('message', ({ data }) => {
          const answer = JSON.parse(String(data))
          if (answer.id !== id) return
          if (answer.error) reject(new Error(`the inspector refuses ${method}`))
          else resolve(answer.result)
        })
        socket.addEventListener('close', () => reject(new Error('the inspector has hung up')))
        socket.send(JSON.stringify({ id, method }))
      }),
  }
}
