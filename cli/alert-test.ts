import { bodyOf } from '../src/ops/alert-message.ts'
import { isTaken, type Posted, post } from '../src/outgoing/post.ts'
import { ALERT_KINDS } from '../src/settings/alerts.ts'
import { runCommand, saying } from './shared/command.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'
import { configuredSettings, readSetting } from './shared/settings.ts'

const HELP = `
npm run alert-test -- [flags]     sends one of each alert to ALERT_WEBHOOK_URL, and says what came back

Nothing is opened: each says that it is a test. ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET are those of the environment,
else of .dev.vars, else of wrangler.toml (a secret is not there: name it in the environment). Exits with 1 unless all of
them were accepted.

  --only NAME          one alert, such as silence
  --env production     whose variables of wrangler.toml
  --json               the result as JSON
`

interface Sent extends Posted {
  alert: string
  taken: boolean
}

await runCommand(async () => {
  const text = { type: 'string' } as const
  const { values } = readFlags(HELP, { only: text, env: text, json: { type: 'boolean' } } as const)
  const { only } = values
  if (only !== undefined && !Object.hasOwn(ALERT_KINDS, only))
    throw new LocalError(`there is no alert '${only}': ${Object.keys(ALERT_KINDS).join(', ')}`)
  const { url, secrets } = receiver(configuredSettings(values.env ?? 'production'))
  const { host } = new URL(url)
  const names = Object.keys(ALERT_KINDS).filter((name) => only === undefined || name === only)
  const sent = await saying(`${host}: sending`, sendAll(names, url, secrets))
  if (values.json) console.log(JSON.stringify({ host, sent }, null, 2))
  else for (const one of sent) console.log(`${host}: ${line(one)}`)
  if (sent.some(({ taken }) => !taken)) process.exitCode = 1
})

/** Returns the receiver of alerts. Throws a LocalError. */
function receiver(given: Record<string, string | undefined>): { url: string; secrets: string[] } {
  const url = readSetting('ALERT_WEBHOOK_URL', given)
  if (!url)
    throw new LocalError(
      'ALERT_WEBHOOK_URL is not set, so alerts are sent to nobody: name it in the environment or in .dev.vars',
    )
  return { url, secrets: readSetting('ALERT_WEBHOOK_SECRET', given) ?? [] }
}

/** Sends one message after the other, because a receiver may accept only one a second. */
async function sendAll(names: string[], url: string, secrets: string[]): Promise<Sent[]> {
  const sent: Sent[] = []
  for (const alert of names) {
    const { threshold = null, critical = false } = ALERT_KINDS[alert] ?? {}
    const id = `alert_${alert}_test_${Date.now()}`
    const data = { alert, about: null, critical, value: threshold, threshold }
    const timestamp = new Date().toISOString()
    const posted = await post(url, id, bodyOf({ id, type: 'alert.test', timestamp, data }), secrets)
    sent.push({ alert, taken: isTaken(posted), ...posted })
  }
  return sent
}

function line({ alert, taken, status, cause }: Sent): string {
  return `${alert}: ${taken ? 'accepted' : 'NOT accepted'}, ${status === null ? `nothing came back (${cause})` : `the response was ${status}`}`
}
