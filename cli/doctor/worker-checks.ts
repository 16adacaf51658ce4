import { blind, type Check, fail, pass, putting, warn } from './check.ts'
import { clock } from './clock.ts'
import type { Context } from './context.ts'
import { type Answer, ask, probe, unsigned } from './probe.ts'
import { webhookUrl } from './stripe-endpoint.ts'

const reachable: Check = {
  group: 'worker',
  name: 'worker-reachable',
  isGate: true,
  costs: 'nothing that Clerk and Stripe send arrives',
  async run({ url }) {
    const answer = await ask(`${url}/api/health`)
    if (!answer) return fail(`${url} does not answer`, 'is it deployed there? In development: npm run dev')
    if (answer.status === 200 && answer.body?.status === 'ok') return pass(`${url} answers`)
    // This check reports a redirect of GET; the one below reports a redirect of POST.
    if (answer.status >= 300 && answer.status < 400) return pass(`${url} answers with a redirect`)
    return fail(
      `${url} returns ${answer.status} and is not Ledgerhook`,
      'correct --url: the address of the Worker',
    )
  },
}

const PROVIDERS = [
  ['clerk', 'CLERK_WEBHOOK_SECRET'],
  ['stripe', 'STRIPE_WEBHOOK_SECRET'],
] as const

const redirect: Check = {
  group: 'worker',
  name: 'worker-redirect',
  costs: 'Clerk and Stripe count a redirect as a failure, and disable the endpoint after some days',
  async run({ url, settings }) {
    for (const [provider, name] of PROVIDERS) {
      const answer = await unsigned(url, provider, settings[name]?.[0])
      if (answer && answer.status >= 300 && answer.status < 400)
        return fail(
          `POST ${webhookUrl(url, provider)} returns ${answer.status}`,
          `give Clerk and Stripe the address to which it leads: ${originOf(answer.headers.get('location'), url)}`,
        )
    }
    return pass('webhooks are accepted without a redirect')
  },
}

const originOf = (location: string | null, url: string) => URL.parse(location ?? '', url)?.origin ?? 'unknown'

const LOG = 'see the Worker’s log: the line `misconfigured` names the setting and says why'

const returned = (answer: Answer | null | undefined) =>
  answer ? `${answer.status} (${answer.body?.error ?? 'no reason'})` : 'no response'

/** Returns how the Worker gets a secret. On this machine `npm run dev` gives it what `.dev.vars` had at its start. */
const giving = (isLocal: boolean, name: string, what = '') =>
  isLocal
    ? `start \`npm run dev\` again: it reads ${name} from .dev.vars. Or is another one in the environment here?`
    : `${putting(name)}${what}`

/** Makes a check of whether the Worker has each of the secrets that are given here. */
function secretCheck(
  provider: 'clerk' | 'stripe',
  name: 'CLERK_WEBHOOK_SECRET' | 'STRIPE_WEBHOOK_SECRET',
): Check {
  const from = provider === 'clerk' ? 'Clerk' : 'Stripe'
  return {
    group: 'worker',
    name: `worker-${provider}-secret`,
    needs: [name],
    costs: `everything that ${from} sends gets 400`,
    async run({ url, isLocal, settings }) {
      const secrets = settings[name] ?? []
      const answers = await Promise.all(secrets.map((secret) => probe(url, provider, { secret })))
      const wrong = answers.findIndex((answer) => answer?.body?.outcome !== 'ignored')
      if (wrong === -1)
        return pass(
          secrets.length === 1
            ? `${name} is the Worker's`
            : `all ${secrets.length} of ${name} are the Worker's`,
        )
      const answer = answers[wrong]
      const which = secrets.length > 1 ? ` (number ${wrong + 1})` : ''
      if (answer?.status === 400)
        return fail(
          `the Worker does not know ${name}${which}`,
          giving(isLocal, name, ", with the endpoint's signing secret"),
        )
      const costs = `nothing that ${from} sends is accepted`
      return fail(`a signed probe gets ${returned(answer)}`, LOG, costs)
    },
  }
}

const OLD_MS = 10 * 60_000

const forgeries: Check = {
  group: 'worker',
  name: 'worker-forgeries',
  needs: ['CLERK_WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET'],
  costs: 'anybody can create users and credit payments',
  async run({ url, settings, now }) {
    const taken: string[] = []
    for (const [provider, name] of PROVIDERS) {
      const [secret = ''] = settings[name] ?? []
      const tampered = await probe(url, provider, { secret }, { tampered: true })
      const old = await probe(url, provider, { secret, signedAt: now() - OLD_MS })
      const failed = [tampered, old].find((answer) => !answer || answer.status >= 500)
      if (failed !== undefined)
        return blind(`whether a forgery is refused cannot be seen: ${provider} gets ${returned(failed)}`, LOG)
      if (tampered?.status !== 400)
        taken.push(`a tampered event of ${provider} (${tampered?.status ?? 'no response'})`)
      if (old?.status !== 400) taken.push(`an old one (${old?.status ?? 'no response'})`)
    }
    if (taken.length === 0) return pass('a tampered event and an old one are refused')
    return fail(
      `not refused: ${taken.join(', ')}`,
      'this is not Ledgerhook, or something in front of it answers',
    )
  },
}

const READY: Record<string, string> = {
  not_migrated: 'run npm run migrate from the checkout that is deployed',
  functions_outdated: 'run npm run migrate from the checkout that is deployed',
  wrong_isolation: 'run npm run migrate: it prints the line that corrects it',
  unavailable: 'is the DATABASE_URL of the Worker right, and the database awake?',
}

const readyOf = ({ url, settings }: Context) =>
  ask(`${url}/api/ready`, { headers: { Authorization: `Bearer ${settings.OPS_TOKEN?.[0]?.token}` } })

const ready: Check = {
  group: 'worker',
  name: 'worker-ready',
  needs: ['OPS_TOKEN'],
  costs: 'deliveries get 503, and the providers repeat them for a day or three',
  async run(context) {
    const answer = await readyOf(context)
    const status = answer?.body?.status
    if (status === 'ready') return pass('the Worker has the database that it needs')
    if (answer?.status === 401)
      return fail(
        'the Worker has another OPS_TOKEN',
        giving(context.isLocal, 'OPS_TOKEN'),
        'nobody can ask whether it is ready',
      )
    if (!status)
      return fail(`the Worker returns ${returned(answer)}`, LOG, 'deliveries get the same, and are repeated')
    return fail(`the Worker is ${status}`, READY[status] ?? LOG)
  },
}

const build: Check = {
  group: 'worker',
  name: 'worker-build',
  needs: ['OPS_TOKEN'],
  costs: 'the code that you see here is not what runs there',
  async run(context) {
    const there = (await readyOf(context))?.headers.get('ledgerhook-build')
    const here = context.checkout.build
    if (there === here) return pass(`it runs this checkout, ${here}`)
    if (!there)
      return warn('the Worker does not say which build it is', 'see worker-ready, or npm run deploy')
    return warn(
      `the Worker runs ${there}, this checkout is ${here}`,
      'npm run deploy, or check out what is deployed',
    )
  },
}

export const workerChecks = [
  reachable,
  redirect,
  secretCheck('clerk', 'CLERK_WEBHOOK_SECRET'),
  secretCheck('stripe', 'STRIPE_WEBHOOK_SECRET'),
  forgeries,
  ready,
  build,
  clock,
]
