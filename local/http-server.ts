import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { listenOn } from './ports.ts'

export interface HttpServer {
  /** Without a slash at the end. */
  url: string
  port: number
  /** Aborts running requests. */
  stop(): Promise<void>
}

export interface ListenOptions {
  /** 0 lets the system choose. */
  port: number
  host?: string
  /** The option that changes the port, for the message when the port is taken. */
  flag: string
}

const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a page of another site sent the request. The passwords of this machine are not secret, and the superuser of
 * its database can start programs (`COPY … TO PROGRAM`), so any page that a developer opens could do so. A browser
 * sends `Origin` with every POST, and no page can leave it out; a GET changes nothing here. Other clients send no
 * `Origin`.
 */
function isOfOtherSite({ headers: { origin } }: IncomingMessage): boolean {
  if (origin === undefined) return false
  return !(URL.canParse(origin) && THIS_MACHINE.has(new URL(origin).hostname))
}

/**
 * Serves HTTP on the loopback interface, with 403 for pages of other sites. Throws a LocalError when the port is taken.
 */
export async function serveHttp(
  listener: RequestListener,
  { port: wanted, host = '127.0.0.1', flag }: ListenOptions,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    if (!isOfOtherSite(request)) return void listener(request, response)
    response.writeHead(403, { 'Content-Type': 'text/plain' })
    response.end('pages of other sites may not ask this server: it is for programs of this machine\n')
  })
  // By default Node closes an idle connection after 5 s, possibly just when a client sends on it.
  server.keepAliveTimeout = 0
  const port = await listenOn(server, wanted, host, flag)
  const stop = async () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://${host}:${port}`, port, stop }
}
