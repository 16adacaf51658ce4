import type { Settings } from '../../src/settings.ts'
import { webhookUrl } from './stripe-endpoint.ts'

/** Returns the address of a page of Clerk's Dashboard, for the instance that was looked at last. */
const atClerk = (path: string) => `https://dashboard.clerk.com/last-active?path=${path}`
const RANDOM = 'make one: openssl rand -hex 32'
const SIGNING = 'make one: echo whsec_$(openssl rand -base64 32)'

export interface Guided {
  name: keyof Settings
  /** What it is for, as a sentence without its full stop. */
  for: string
  /** Where to get it. Undefined if only docs/settings.md describes it. */
  from?: string
}

export interface Guide {
  /** What its settings are needed for. */
  title: string
  /** Whether each of them has a default that is good enough. */
  hasDefaults?: boolean
  settings: Guided[]
}

/** What an environment of `wrangler.toml` can bind. */
export const BINDINGS = [
  {
    name: 'SPILL',
    for: 'keeps deliveries while the database is away',
    from: 'see docs/spill.md',
  },
  {
    name: 'METRICS',
    for: 'counts deliveries and requests in Analytics Engine',
    from: 'see docs/operations.md',
  },
]

/** Every setting except those for this machine only, in the order in which a newcomer needs them. */
export const guides = (workerUrl: string): Guide[] => [
  {
    title: 'needed',
    settings: [
      {
        name: 'DATABASE_URL',
        for: 'where everything is kept',
        from: 'copy it from Neon’s Console, your project, Connect; docs/database.md says for which login',
      },
      {
        name: 'CLERK_WEBHOOK_SECRET',
        for: 'verifies Clerk’s webhooks, which bring the users',
        from: `add the endpoint ${webhookUrl(workerUrl, 'clerk')} at ${atClerk('webhooks')} and copy its signing secret`,
      },
      {
        name: 'STRIPE_SECRET_KEY',
        for: 'asks Stripe, and says which mode is meant: test or live',
        from: 'copy it from https://dashboard.stripe.com/apikeys',
      },
      {
        name: 'STRIPE_WEBHOOK_SECRET',
        for: 'verifies Stripe’s webhooks, which bring payments and subscriptions',
        from: `npm run doctor -- --url ${workerUrl} --fix makes the endpoint; or https://dashboard.stripe.com/webhooks`,
      },
    ],
  },
  {
    title: 'so that people sign in',
    settings: [
      {
        name: 'CLERK_JWT_KEY',
        for: 'verifies the sessions of your users',
        from: `copy the JWKS public key, as PEM, from ${atClerk('api-keys')}`,
      },
      {
        name: 'APP_ORIGINS',
        for: 'lets the pages of your app call the API',
        from: 'it is the address of your app, such as https://app.example.com',
      },
      {
        name: 'CLERK_SECRET_KEY',
        for: 'reads a user whose session comes before the webhook, and compares users with Clerk’s',
        from: `copy it from ${atClerk('api-keys')}`,
      },
      {
        name: 'CLERK_INSTANCE_ID',
        for: 'ignores the other instances of Clerk',
        from: 'the check clerk-instance names it, once CLERK_SECRET_KEY is set',
      },
      {
        name: 'CLERK_ISSUER',
        for: 'refuses sessions of other instances of Clerk',
        from: `copy the Frontend API URL from ${atClerk('api-keys')}`,
      },
    ],
  },
  {
    title: 'so that people buy',
    settings: [
      {
        name: 'APP_URL',
        for: 'where Checkout sends people back to',
        from: 'it is the address of your app, such as https://app.example.com',
      },
      {
        name: 'CREDIT_PACKS',
        for: 'the packs of credits that are sold',
        from: 'see docs/settings.md for an example',
      },
      {
        name: 'PLANS',
        for: 'the plans that are sold',
        from: 'copy the ids of recurring prices from https://dashboard.stripe.com/products',
      },
    ],
  },
  {
    title: 'so that your backend and you may call',
    settings: [
      { name: 'SERVICE_TOKEN', for: 'lets your backend spend and grant credits', from: RANDOM },
      { name: 'OPS_TOKEN', for: 'opens /ops, and shows whether the Worker is ready', from: RANDOM },
      { name: 'GRANT_LIMIT', for: 'how much your backend may grant; without it, nothing' },
      { name: 'CAMPAIGNS', for: 'what your backend may grant credits for, with caps' },
    ],
  },
  {
    title: 'so that you and your app are notified',
    settings: [
      {
        name: 'ALERT_WEBHOOK_URL',
        for: 'where alerts are sent',
        from: 'make an incoming webhook of Slack’s: https://api.slack.com/messaging/webhooks',
      },
      { name: 'ALERT_WEBHOOK_SECRET', for: 'signs the alerts', from: SIGNING },
      {
        name: 'HEARTBEAT_URL',
        for: 'is requested after each successful scheduled run',
        from: 'take the address of a service that raises the alarm when these requests stop',
      },
      {
        name: 'EVENTS_URL',
        for: 'where your app receives events',
        from: 'it is a route of your app: docs/outgoing-events.md',
      },
      { name: 'EVENTS_SECRET', for: 'signs the events for your app', from: SIGNING },
      { name: 'LOW_BALANCE', for: 'sends your app an event when a balance falls below it' },
      {
        name: 'METRICS_READ',
        for: 'shows what Analytics Engine has counted on /ops',
        from: 'make a token for Account Analytics: Read at https://dash.cloudflare.com/profile/api-tokens',
      },
    ],
  },
  {
    title: 'in some cases',
    settings: [
      { name: 'CREDIT_SINCE', for: 'credits nothing that Stripe created before this moment' },
      {
        name: 'SIGNUP_BONUS_SINCE',
        for: 'gives the bonus also to people who signed up before Ledgerhook was installed',
      },
      { name: 'APP_TAG', for: 'distinguishes this app from others on the same Stripe account' },
      { name: 'PAYLOAD_RETENTION_DAYS', for: 'drops the payloads of settled deliveries after so many days' },
      {
        name: 'ACCESS_TEAM_DOMAIN',
        for: 'opens /ops for whoever signs in at Cloudflare Access',
        from: 'see docs/ops-page.md',
      },
      {
        name: 'ACCESS_AUD',
        for: 'says which application of Cloudflare Access that is',
        from: 'see docs/ops-page.md',
      },
    ],
  },
  {
    title: 'with a default',
    hasDefaults: true,
    settings: [
      { name: 'SIGNUP_BONUS_CREDITS', for: 'credits for each new user' },
      { name: 'SIGNUP_BONUS_ONCE_PER', for: 'whether an address gets the bonus once' },
      { name: 'REQUIRE_EMAIL', for: 'whether a user needs an address' },
      { name: 'USER_DELETION', for: 'what a deletion at Clerk does here' },
      { name: 'CANCEL_ON_DELETION', for: 'whether it ends subscriptions' },
      { name: 'RECONCILE', for: 'whether the scheduled run compares with Stripe and Clerk' },
      { name: 'RUN_SUBREQUESTS', for: 'requests that a scheduled run may make' },
      { name: 'ALERTS', for: 'thresholds of alerts' },
      { name: 'SPILL_ALWAYS', for: 'sends every delivery to the queue' },
    ],
  },
]
