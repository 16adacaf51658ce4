import { call, type Database } from '../db.ts'
import { log } from '../log.ts'
import { isTaken, post } from '../outgoing/post.ts'
import type { Settings } from '../settings.ts'
import { type AlertMessage, bodyOf } from './alert-message.ts'

interface Taken {
  id: string
  tries: number
  body: AlertMessage
}

/**
 * Sends a bite of the messages about alerts, in parallel. One that is not accepted is sent again, later each time. So
 * each is received at least once, and its id identifies it. Without a URL it makes no request.
 * @throws DatabaseUnavailable
 */
export async function sendAlerts(
  { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secrets = [] }: Settings,
  db: Database,
  most: number,
  fetcher: typeof fetch,
): Promise<boolean> {
  if (!url) return false
  const due = await call<Taken[]>(db, 'take_alert_messages', [{ most }])
  if (due.length === 0) return false
  const ended = await Promise.all(
    due.map(async ({ id, tries, body }) => {
      const posted = await post(url, id, bodyOf(body), secrets, fetcher)
      const good = isTaken(posted)
      if (!good) log({ message: 'alert not sent', level: 'warn', id, tries, ...posted })
      return { id, good }
    }),
  )
  await call<number>(db, 'end_alert_messages', [{ ended }])
  return ended.some(({ good }) => good)
}
