import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Client } from 'pg'

const READY = 'Z'.charCodeAt(0)
const IDLE = 'I'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)

/** The messages of a server to an accepted client: no password asked, no parameters, ready and idle. */
const WELCOME = Buffer.from([
  82,
  0,
  0,
  0,
  8,
  0,
  0,
  0,
  0,
  75,
  0,
  0,
  0,
  12,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  1,
  90,
  0,
  0,
  0,
  5,
  IDLE,
])

/**
 * Starts a pooler like Neon's in transaction mode: each transaction of a client may use another session of the server.
 */
export async function startPooler(url: string) {
  let sessions = 0
  const server = createServer((client) => {
    client.on('error', () => {})
    client.once('data', () => {
      client.write(WELCOME)
      serve(client).catch(() => client.destroy())
    })
  })

  async function serve(client: Socket): Promise<void> {
    for (;;) {
      const [message] = (await once(client, 'data')) as [Buffer]
      if (message[0] === TERMINATE) return void client.end()
      client.pause()
      sessions++
      const session = await openSession(url)
      await untilIdle(client, session, message)
      session.destroy()
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pooled = new URL(url)
  pooled.port = String((server.address() as AddressInfo).port)
  return { url: pooled.href, sessions: () => sessions, stop: () => server.close() }
}

/** Opens a session of the server after authentication, as raw bytes. */
async function openSession(url: string): Promise<Socket> {
  const client = new Client(url)
  client.on('error', () => {})
  await client.connect()
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  stream.removeAllListeners('data')
  stream.on('error', () => {})
  return stream
}

/** Passes bytes in both directions until the transaction has ended. */
async function untilIdle(client: Socket, session: Socket, first: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const forward = (bytes: Buffer) => session.write(bytes)
    let kept = Buffer.alloc(0)
    session.on('data', (bytes: Buffer) => {
      client.write(bytes)
      kept = Buffer.concat([kept, bytes])
      for (; kept.length >= 5 && kept.length > kept.readUInt32BE(1); ) {
        const length = kept.readUInt32BE(1) + 1
        const isOver = kept[0] === READY && kept[5] === IDLE
        kept = kept.subarray(length)
        if (!isOver) continue
        client.off('data', forward)
        return resolve()
      }
    })
    client.on('data', forward)
    client.resume()
    forward(first)
  })
}
