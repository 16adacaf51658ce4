import { lookup } from 'node:dns/promises'
import { connectTo, hostOf, isNeonHost, noHost } from '../../cli/shared/database.ts'
import { LocalError } from '../../cli/shared/errors.ts'

/**
 * Whether the database of DATABASE_URL needs the local gateway, which `--gateway` requests. Throws a LocalError if this
 * cannot be known, and if the database is not Neon and `--gateway` is missing.
 */
export async function needsGateway(url: string, { gateway }: { gateway: boolean }): Promise<boolean> {
  const host = hostOf(url)
  if (isNeonHost(host) || (await isNeon(url))) {
    if (gateway) throw new LocalError(`${host} is Neon: --gateway is for a Postgres that is not`)
    if (isNeonHost(host)) await assertNeonResolves(host)
    return false
  }
  if (gateway) return true
  throw new LocalError(
    `${host} is not Neon, whose SQL over HTTP the Worker speaks: --gateway puts the local gateway in front of it`,
  )
}

/**
 * Throws a LocalError if this host of Neon's has no address: the runtime would print a page of its own errors. Nothing
 * connects, because the Worker speaks HTTP, and a network may let nothing else through.
 */
export async function assertNeonResolves(
  host: string,
  resolve: (host: string) => Promise<unknown> = lookup,
): Promise<void> {
  await resolve(host.replace(/:\d+$/, '')).catch(({ code = 'no code' }: NodeJS.ErrnoException) => {
    throw noHost(host, code)
  })
}

/** Whether the server reports itself as a Neon compute. */
async function isNeon(url: string): Promise<boolean> {
  const client = await connectTo(url)
  try {
    const { rows } = await client.query(
      `select current_setting('neon.tenant_id', true) is not null as is_neon`,
    )
    return rows[0]?.is_neon === true
  } finally {
    await client.end()
  }
}
