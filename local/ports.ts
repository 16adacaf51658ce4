import { createServer, type Server } from 'node:net'
import { LocalError } from '../cli/shared/errors.ts'
import { portOwner } from './port-owner.ts'

const LOOPBACK = '127.0.0.1'

function listen(port: number, host = LOOPBACK): Promise<Server> {
  return new Promise((resolve, reject) => {
    // A client that connects meanwhile and stays would keep the port from being released.
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Returns a LocalError for a port that is taken or forbidden, and any other error unchanged. */
export async function portError(error: unknown, port: number, flag: string): Promise<unknown> {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') {
    const owner = await portOwner(port)
    return new LocalError(
      `port ${port} is in use${owner ? ` by ${owner}` : ''}: stop what listens there, ` +
        `choose another with ${flag}, or take the next free one with ${flag} auto`,
    )
  }
  if (code === 'EACCES') {
    return new LocalError(`port ${port} needs more rights than you have: choose another with ${flag}`)
  }
  return error
}

/**
 * The range of free ports. It is below the ports that systems give to outgoing connections (from 32768 on Linux), so
 * that no connection takes one before it is used, and below the default ports of `npm run dev`.
 */
const FREE = { from: 12_000, to: 25_000 }
/**
 * Ports in a block. Processes that search at the same time search in different blocks, because their process ids
 * differ.
 */
const BLOCK = 8
const BLOCKS = (FREE.to - FREE.from) / BLOCK
/**
 * Blocks between one block of a process and its next. The step leads far from the blocks of its neighbours, and in the
 * end through all blocks.
 */
const STRIDE = 613
let looked = 0

/** Returns a loopback port that nothing listens on at this moment. It is not reserved: use it soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCKS * BLOCK; tries++) {
    const at = looked++
    const block = (process.pid + Math.floor(at / BLOCK) * STRIDE) % BLOCKS
    const port = FREE.from + block * BLOCK + (at % BLOCK)
    if (await isFree(port)) return port
  }
  throw new LocalError(`no port from ${FREE.from} to ${FREE.to - 1} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port).catch(() => null)
  if (server !== null) await close(server)
  return server !== null
}

/** Holds the port until the returned function is called. Throws a LocalError naming `flag` if it is taken. */
export async function reservePort(port: number, flag: string): Promise<() => Promise<void>> {
  const server = await listen(port).catch(async (error: unknown) => {
    throw await portError(error, port, flag)
  })
  return () => close(server)
}

/**
 * Seconds pass between the choice of a port and its use, in which another process could choose the same port. So until
 * `releaseChosenPorts` this process listens on the same port of IPv6's loopback, which nothing here uses: the system
 * gives it to only one process, and releases it when that process ends.
 */
const STAND_IN = '::1'
const standIns = new Map<number, Server>()

/** Reserves a port that this process will use soon. Returns false if another process has reserved it. */
export async function choosePort(port: number): Promise<boolean> {
  if (standIns.has(port)) return true
  try {
    standIns.set(port, (await listen(port, STAND_IN)).unref())
    return true
  } catch (error) {
    // On a machine without IPv6 nothing can be reserved, and two processes may choose the same port.
    return (error as NodeJS.ErrnoException).code !== 'EADDRINUSE'
  }
}

/** Releases the reservations. Call it when all chosen ports are in use, because others can see that. */
export async function releaseChosenPorts(): Promise<void> {
  const servers = [...standIns.values()]
  standIns.clear()
  for (const server of servers) await close(server)
}

/** How far from the default port to look for a free one. */
const NEARBY = 200

/**
 * Returns the first free port from the default one on that is not in `taken`, and reserves it. Throws a LocalError if
 * none of the next 200 is free.
 */
export async function nextFreePort(usual: number, taken: number[]): Promise<number> {
  for (let port = usual; port < usual + NEARBY; port++) {
    if (!taken.includes(port) && (await choosePort(port)) && (await isFree(port))) return port
  }
  throw new LocalError(`no port from ${usual} to ${usual + NEARBY - 1} is free`)
}

/** Throws a LocalError naming `flag`, the option that changes the port, when something listens on it. */
export async function assertPortFree(port: number, flag: string): Promise<void> {
  const release = await reservePort(port, flag)
  await release()
}

/** Starts to listen, and returns the port, which the system chooses for 0. Throws a LocalError naming `flag`. */
export function listenOn(server: Server, port: number, host: string, flag: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', async (error) => reject(await portError(error, port, flag)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
