import { createServer, type Server } from 'node:net'
import { LocalError } from '../cli/shared/errors.ts'
import { portOwner } from './port-owner.ts'

const LOOPBACK = '127.0.0.1'

function listen(port: number, host = LOOPBACK): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Who connects meanwhile, and stays, would keep the port from being released.
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Returns a LocalError for a port that is taken or forbidden, and any other error as it is. */
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
 * Where free ports are taken from: below those that systems give to outgoing connections (from 32768 on Linux), so
 * that no connection takes one between the look and its use, and below the usual ports of `npm run dev`.
 */
const FREE = { from: 12_000, to: 25_000 }
/** Processes that look at the same time look in different blocks: their numbers are near each other, and not the same. */
const BLOCK = 8
const BLOCKS = (FREE.to - FREE.from) / BLOCK
/** From one block of a process to its next: far from those of its neighbours, and in the end through all of them. */
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
 * Between the choice of a port and its use are seconds, in which another process could choose the same. Until
 * `releaseChosenPorts` the same port of IPv6's loopback, which nothing here listens on, stands for a chosen one: the
 * system gives it to one process alone, and takes it back when that process ends.
 */
const STAND_IN = '::1'
const standIns = new Map<number, Server>()

/** Tells other processes that this one uses the port soon. Returns false where another one has said so before. */
export async function choosePort(port: number): Promise<boolean> {
  if (standIns.has(port)) return true
  try {
    standIns.set(port, (await listen(port, STAND_IN)).unref())
    return true
  } catch (error) {
    // A machine without IPv6 has no stand-in: there a port may be chosen twice, as it was.
    return (error as NodeJS.ErrnoException).code !== 'EADDRINUSE'
  }
}

/** To be called when all that was chosen is in use: who looks now sees that. */
export async function releaseChosenPorts(): Promise<void> {
  const servers = [...standIns.values()]
  standIns.clear()
  for (const server of servers) await close(server)
}

/** How far from the usual port to look for a free one. */
const NEARBY = 200

/**
 * Returns the first free port from the usual one on, without those that are taken already, and chooses it. Throws a
 * LocalError where none of the next 200 is free.
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
