import { createServer, type RequestListener } from 'node:http'
import { listenOn } from './ports.ts'

export interface HttpServer {
  /** Without a slash at its end. */
  url: string
  port: number
  /** Breaks off what is still running. */
  stop(): Promise<void>
}

export interface ListenOptions {
  /** 0 lets the system choose. */
  port: number
  host?: string
  /** The option that changes the port, for the message when the port is taken. */
  flag: string
}

/** Serves HTTP on the loopback interface. Throws a LocalError when the port is taken. */
export async function serveHttp(
  listener: RequestListener,
  { port: wanted, host = '127.0.0.1', flag }: ListenOptions,
): Promise<HttpServer> {
  const server = createServer(listener)
  // Node closes an idle connection after 5 s, which may be just when a client sends on it.
  server.keepAliveTimeout = 0
  const port = await listenOn(server, wanted, host, flag)
  const stop = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://${host}:${port}`, port, stop }
}
