import { createServer, type Server } from 'node:net'
import { LocalError } from '../cli/shared/errors.ts'

const LOOPBACK = '127.0.0.1'

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, LOOPBACK, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Returns a LocalError for a port that is taken or forbidden, and any other error as it is. */
export function portError(error: unknown, port: number, flag: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') {
    return new LocalError(`port ${port} is in use: stop what listens there, or choose another with ${flag}`)
  }
  if (code === 'EACCES') {
    return new LocalError(`port ${port} needs more rights than you have: choose another with ${flag}`)
  }
  return error
}

/**
 * Returns a loopback port that nothing listens on at this moment: `wanted`, if it is free. It is not reserved: use it
 * soon.
 */
export async function freePort(wanted = 0): Promise<number> {
  const server = await listen(wanted).catch(() => listen(0))
  const address = server.address()
  await close(server)
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return address.port
}

/** Holds the port until the returned function is called. Throws a LocalError naming `flag` if it is taken. */
export async function reservePort(port: number, flag: string): Promise<() => Promise<void>> {
  const server = await listen(port).catch((error: unknown) => {
    throw portError(error, port, flag)
  })
  return () => close(server)
}

/** Throws a LocalError naming `flag`, the option that changes the port, when something listens on it. */
export async function assertPortFree(port: number, flag: string): Promise<void> {
  const release = await reservePort(port, flag)
  await release()
}

/** Starts to listen, and returns the port, which the system chooses for 0. Throws a LocalError naming `flag`. */
export function listenOn(server: Server, port: number, host: string, flag: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, port, flag)))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
