/**
 * The rooms of `src`, from the top down, and the rooms that each may import, which are below it. A room's own files may
 * always import each other.
 */
export const rooms: Record<string, string[]> = {
  index: ['app', 'ops', 'queue', 'settings', 'running', 'log'],
  app: [
    'api',
    'ops',
    'queue',
    'providers',
    'webhook',
    'outgoing',
    'settings',
    'db',
    'http',
    'missed',
    'metrics',
    'log',
  ],
  api: [
    'clerk',
    'stripe',
    'users',
    'wallet',
    'webhook',
    'outgoing',
    'settings',
    'db',
    'http',
    'values',
    'limits',
    'once',
    'log',
  ],
  ops: [
    'reconcile',
    'providers',
    'stripe',
    'subscriptions',
    'users',
    'webhook',
    'outgoing',
    'provider-trouble',
    'settings',
    'db',
    'schema',
    'http',
    'tally',
    'values',
    'limits',
    'once',
    'log',
  ],
  queue: ['providers', 'webhook', 'outgoing', 'settings', 'db', 'once', 'log'],
  reconcile: [
    'providers',
    'clerk',
    'stripe',
    'users',
    'webhook',
    'provider-trouble',
    'settings',
    'db',
    'schema',
    'values',
    'log',
  ],
  providers: ['clerk', 'stripe'],
  clerk: ['users', 'webhook', 'provider-trouble', 'settings', 'db', 'values', 'once', 'log'],
  stripe: [
    'subscriptions',
    'payments',
    'users',
    'webhook',
    'provider-trouble',
    'settings',
    'db',
    'values',
    'once',
    'log',
  ],
  subscriptions: ['wallet', 'db', 'schema'],
  payments: ['wallet', 'db', 'schema'],
  users: ['db', 'schema', 'log'],
  wallet: ['db', 'schema'],
  webhook: ['settings', 'running', 'db', 'schema', 'missed', 'metrics', 'tally', 'log'],
  outgoing: ['settings', 'db', 'schema', 'log'],
  // The ground floor.
  'provider-trouble': [],
  settings: ['values', 'once'],
  http: ['missed', 'log'],
  missed: ['metrics', 'tally'],
  metrics: [],
  tally: [],
  db: ['attempt'],
  attempt: [],
  schema: [],
  values: ['once'],
  limits: [],
  once: [],
  running: [],
  log: [],
}

/** From the top down. A room may call only rooms below it, in SQL too. */
export const floors = Object.keys(rooms)

/** Rooms on the same level, which do not import each other. */
export const neighbours = [
  ['api', 'ops'],
  ['api', 'queue'],
  ['ops', 'queue'],
  ['clerk', 'stripe'],
]

export const isBelow = (room: string, above: string) =>
  floors.indexOf(room) > floors.indexOf(above) &&
  !neighbours.some((pair) => pair.includes(room) && pair.includes(above))

/** The rooms that may import each library. `schema` means the schema.ts of each room. */
export const libraries: Record<string, string[]> = {
  svix: ['clerk', 'outgoing'],
  // Verifies tokens of Cloudflare Access as well: decision 61.
  '@clerk/backend/jwt': ['ops'],
  '@clerk/backend': ['clerk'],
  stripe: ['stripe'],
  hono: ['app', 'api', 'ops', 'http', 'outgoing'],
  '@neondatabase/serverless': ['db', 'attempt'],
  'drizzle-orm': ['schema'],
  'zod/mini': ['settings', 'values', 'clerk', 'stripe', 'api', 'webhook', 'queue'],
  'zod/locales': ['api'],
}
