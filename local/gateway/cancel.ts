import { connect } from 'node:net'
import type { PoolClient } from 'pg'
import type { Address } from './target.ts'

const CANCEL_REQUEST = 80877102

/** Milliseconds between cancel requests. One that arrives before the statement finds an idle session and is lost. */
const REPEAT_MS = 100

/**
 * Asks Postgres to cancel what `client` is running, over a separate connection, as the protocol requires. Resolves when
 * Postgres has passed the request on. Never rejects, because no caller could do anything about it.
 */
export function cancelStatement(client: PoolClient, { host, port }: Address): Promise<void> {
  // node-postgres keeps both numbers, but its types do not say so.
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const request = Buffer.alloc(16)
  request.writeInt32BE(request.length, 0)
  request.writeInt32BE(CANCEL_REQUEST, 4)
  request.writeInt32BE(processID, 8)
  request.writeInt32BE(secretKey, 12)
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.end(request))
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
  })
}

/** Cancels what `client` runs, from the moment `signal` aborts until the returned function is called. */
export function cancelOnAbort(signal: AbortSignal, client: PoolClient, address: Address): () => void {
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    void cancelStatement(client, address)
    timer = setInterval(() => void cancelStatement(client, address), REPEAT_MS)
  }
  signal.addEventListener('abort', start)
  return () => {
    signal.removeEventListener('abort', start)
    clearInterval(timer)
  }
}
