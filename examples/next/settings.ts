import 'server-only'

/** What .env.local sets, besides Clerk's own. Read when a request comes: building needs none of it. */
export function settings() {
  return { LEDGERHOOK_URL: required('LEDGERHOOK_URL'), SERVICE_TOKEN: required('SERVICE_TOKEN') }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: see .env.example`)
  return value
}
