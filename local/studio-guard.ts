import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'

// Loaded into the process of Drizzle Studio before Studio itself. Its server runs any SQL for every caller, and allows
// browsers to call it from any page. So any open page could read and change the database that Studio shows.

/** The address of Studio's own page, which calls the server on this machine. */
const STUDIO = 'https://local.drizzle.studio'

/** Refuses requests of other sites' pages. Browsers send `Origin`, and no script can leave it out. */
function isRefused({ headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers.origin === undefined || headers.origin === STUDIO) return false
  response.writeHead(403).end()
  return true
}

// Studio uses HTTPS if it finds a certificate of mkcert's.
for (const { prototype } of [HttpServer, HttpsServer]) {
  const { emit } = prototype
  prototype.emit = function (this: HttpServer, event: string, ...args: unknown[]) {
    if (event === 'request' && isRefused(...(args as [IncomingMessage, ServerResponse]))) return true
    return Reflect.apply(emit, this, [event, ...args])
  }
}
