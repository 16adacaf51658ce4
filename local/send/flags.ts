import { LOCAL_PORTS } from '../../cli/shared/configured.ts'
import { LocalError } from '../../cli/shared/errors.ts'
import { portNumber, readFlags, wholeNumber } from '../../cli/shared/flags.ts'
import { fixtures } from '../events.ts'

/** Returns the types in lines of up to 100 characters plus the indentation. */
const types = (provider: keyof typeof fixtures) =>
  `${provider}: ${Object.keys(fixtures[provider]).join(', ')}`
    .replace(/(.{1,100}(?:,|$)) ?/g, '$1\n        ')
    .trimEnd()

export const HELP = `
npm run send -- <provider> <type> [options]     signs a realistic event, and delivers it to the Worker

${types('clerk')}
${types('stripe')}

whom
  --user ID            by default user_ada
  --email ADDRESS      by default <user>@example.com; --no-email: a user with a phone only
  --unverified         Clerk has not verified the address
  --name 'FIRST LAST'

what was paid
  --credits N          in the metadata; sent as given, so that a bad value shows how it is refused
  --amount N           in minor units        --currency CODE
  --customer cus_…     --session cs_…
                       subscription, invoice and customer are the user's own, and the same each time
  --payment pi_…       by default a new one each time; the same one again reports the same payment in another event
  --reference ID       a Payment Link's session, which names the user only by this; --credits are then the link's
  --unpaid             payment_status "unpaid"; --status TEXT: any other status
  --change             invoice.paid of a change to yearly; it credits the month that invoice.paid alone charges
  --live               an event of live mode

the event
  --event ID           Stripe's event id, or Svix's message id; by default a new one
  --at TIME            when it happened: ISO 8601, milliseconds, or relative to now: -10m, +30s, -2h, -1d
                       the session, PaymentIntent or one-off invoice is created then; a plan's invoice is of 2026-01-01
  --set NAME=JSON      a member of Clerk's data, or of Stripe's data.object; repeatable

the delivery
  --times N            the same signed event again;  --concurrent: all at the same moment
  --wrong-secret       sign with a secret that the Worker does not know
  --old                sign with a time of 10 minutes ago
  --print              show headers and body, and send nothing
  --port 8787, or --url https://…
  --expect STATUS      exit with 0 only if every response has this status; by default, only if every one is 2xx

Secrets come from .dev.vars, which \`npm run dev\` writes; CLERK_WEBHOOK_SECRET and STRIPE_WEBHOOK_SECRET in the
environment win over it.

examples
  npm run send -- clerk user.created --user user_ada --email ada@example.com
  npm run send -- stripe checkout.session.completed --user user_ada --credits 500 --times 3 --concurrent
  npm run send -- stripe checkout.session.completed --payment pi_1 --unpaid
  npm run send -- stripe checkout.session.async_payment_succeeded --payment pi_1
  npm run send -- stripe payment_intent.succeeded --payment pi_2 --credits 500
  npm run send -- stripe invoice.paid --credits 500           # a one-off invoice; without --credits, a subscription's
  npm run send -- stripe invoice.paid --change                # after it: to the yearly plan price_pro_yearly, which
                                                              # brings what PLANS of the Worker says; without it in
                                                              # PLANS, the invoice waits as a whole (unknown_price)
  npm run send -- stripe refund.created --payment pi_1 --amount 250
  npm run send -- stripe charge.dispute.funds_withdrawn --payment pi_1 --amount 500
  npm run send -- clerk user.updated --name 'Ada King' --at -10m
  npm run send -- stripe checkout.session.completed --wrong-secret --expect 400
`

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const

/** Reads the flags of `npm run send`. Throws a LocalError. */
export function sendFlags() {
  const { values, positionals } = readFlags(
    HELP,
    {
      user: { ...text, default: 'user_ada' },
      email: text,
      'no-email': flag,
      unverified: flag,
      name: text,
      credits: text,
      amount: text,
      currency: text,
      customer: text,
      payment: text,
      session: text,
      reference: text,
      unpaid: flag,
      status: text,
      change: flag,
      live: flag,
      event: text,
      at: text,
      set: { type: 'string', multiple: true },
      times: text,
      concurrent: flag,
      'wrong-secret': flag,
      old: flag,
      print: flag,
      expect: text,
      port: text,
      url: text,
    },
    { allowPositionals: true },
  )
  const port = portNumber(values.port, '--port', LOCAL_PORTS.worker)
  return {
    ...values,
    ...subject(positionals),
    amount: wholeNumber(values.amount, '--amount', 0, Number.MAX_SAFE_INTEGER),
    at: readTime(values.at),
    set: readMembers(values.set),
    times: wholeNumber(values.times, '--times', 1, 1_000) ?? 1,
    expect: wholeNumber(values.expect, '--expect', 100, 599),
    url: readUrl(values.url) ?? `http://127.0.0.1:${port}`,
  }
}

export type SendFlags = ReturnType<typeof sendFlags>

function subject([provider, type, ...rest]: string[]) {
  if (provider !== 'clerk' && provider !== 'stripe') {
    throw new LocalError(
      'name a provider and a type, such as `npm run send -- clerk user.created`; --help lists them',
    )
  }
  if (type === undefined || !Object.hasOwn(fixtures[provider], type)) {
    throw new LocalError(`there is no ${provider} event '${type ?? ''}'; ${types(provider)}`)
  }
  if (rest.length > 0) throw new LocalError(`one event at a time: what is '${rest.join(' ')}'?`)
  return { provider, type } as const
}

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Returns the time in milliseconds since 1970. */
export function readTime(given: string | undefined, now = Date.now()): number | undefined {
  if (given === undefined) return undefined
  const [, sign, count, unit] = /^([+-])(\d+)([smhd])$/.exec(given) ?? []
  if (unit) return now + Number(`${sign}${count}`) * UNITS_MS[unit as keyof typeof UNITS_MS]
  const time = /^\d{12,14}$/.test(given) ? Number(given) : Date.parse(given)
  if (Number.isNaN(time))
    throw new LocalError(`--at takes ISO 8601, milliseconds or a time such as -10m, not '${given}'`)
  return time
}

function readMembers(given: string[] = []): Record<string, unknown> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, json] = /^(\w+)=(.*)$/s.exec(text) ?? []
      try {
        return [name, JSON.parse(json ?? '')]
      } catch {
        throw new LocalError(`--set takes NAME=JSON, such as mode='"setup"', not '${text}'`)
      }
    }),
  )
}

function readUrl(given: string | undefined): string | undefined {
  if (given !== undefined && !/^https?:$/.test(URL.parse(given)?.protocol ?? '')) {
    throw new LocalError(
      `--url takes an address such as https://ledgerhook.example.workers.dev, not '${given}'`,
    )
  }
  return given?.replace(/\/+$/, '')
}
