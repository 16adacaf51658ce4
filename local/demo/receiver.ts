import { text } from 'node:stream/consumers'
import { Webhook } from 'svix'
import { serveHttp } from '../http-server.ts'
import { until } from '../until.ts'

const SOON_MS = 5_000

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** Starts an app that receives events: it verifies each event, and stores what the event is about. */
export async function startReceiver(secret: string) {
  const webhook = new Webhook(secret)
  let heard: string[] = []
  const server = await serveHttp(
    async (request, response) => {
      const body = await text(request)
      try {
        webhook.verify(body, request.headers as Record<string, string>)
        const { type, data } = JSON.parse(body)
        heard.push(data.balance === undefined ? type : `${type} ${data.balance}`)
        response.statusCode = 204
      } catch {
        response.statusCode = 400
      }
      response.end()
    },
    { port: 0, flag: 'none: the system chooses it' },
  )
  return {
    url: `${server.url}/hooks`,
    /** Returns the events since the last call, once there are this many. */
    async hears(number: number): Promise<string[]> {
      await until(async () => heard.length >= number, SOON_MS)
      const told = heard
      heard = []
      return told.map((what) => `told ${what}`)
    },
    stop: server.stop,
  }
}
