import type { Workerd } from './workerd.ts'

/** The timeout for a response of the inspector. Milliseconds. */
const WITHIN_MS = 10_000
const PAUSE_MS = 20

/**
 * Collects the Worker's garbage and returns the bytes that its heap then contains: objects, the runtime's own data, and
 * buffers. The Worker must have been started with the inspector. Throws if the inspector does not respond.
 * @param wake a request to the Worker: an isolate collects when it runs
 */
export async function heldBytes({ ports }: Pick<Workerd, 'ports'>, wake: () => Promise<unknown>) {
  const inspector = await connect(ports.inspector)
  try {
    // The first collection may release objects of the runtime, which only the second one frees.
    for (let time = 0; time < 2; time++) {
      let isCollected = false
      const collected = inspector.ask('HeapProfiler.collectGarbage').then(() => {
        isCollected = true
      })
      // If the Worker is gone, the request that wakes it throws first.
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

/** Connects to the inspector of the Worker with the name `main`. */
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
