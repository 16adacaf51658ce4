import { connect } from '../../src/db.ts'
import type { Settings } from '../../src/settings.ts'
import { readFunctions } from '../migrate/functions.ts'
import { readSeals } from '../migrate/migrations.ts'
import { hostOf } from '../shared/database.ts'
import { type Check, fail, few, pass, warn } from './check.ts'
import { whereAway } from './context.ts'
import { mebibytes, rows } from './database.ts'
import { mode } from './database-mode.ts'
import { payloads } from './database-payloads.ts'

const HOURS_MS = 60 * 60 * 1000

const byHttp: Check = {
  group: 'database',
  name: 'database-http',
  isGate: true,
  needs: ['DATABASE_URL'],
  costs: 'every delivery gets 503, and the providers give up after a day or three',
  async run({ settings }) {
    const host = hostOf(settings.DATABASE_URL ?? '')
    try {
      await connect(settings as Settings).query('select 1')
      return pass(`${host} responds over HTTP, which the Worker uses`)
    } catch (error) {
      // The driver's message may contain values that it was given, so only the code is shown.
      const code = (error as { code?: string }).code ?? (error as Error).name
      return fail(
        `${host} does not respond over HTTP (${code})`,
        whereAway(
          settings.NEON_FETCH_ENDPOINT,
          'is it Neon, is the password right, is the compute allowed to wake?',
        ),
      )
    }
  },
}

const NOT_THERE = new Set(['42883', '3F000'])

const migrated: Check = {
  group: 'database',
  name: 'database-migrated',
  needs: ['DATABASE_URL'],
  costs: 'deliveries that need what is missing get 503',
  async run({ settings }) {
    const { hash, entryPoints } = readFunctions()
    const needs = { migrations: readSeals() ?? {}, functions: hash, entry_points: entryPoints }
    const sql = 'select ledgerhook.readiness($1::jsonb) as answer'
    const status = await connect(settings as Settings)
      .query<{ answer: { status: string } }>(sql, [JSON.stringify(needs)])
      .then(
        ([row]) => row?.answer.status,
        (error: { code?: string }) => (NOT_THERE.has(error.code ?? '') ? 'not_migrated' : 'unavailable'),
      )
    if (status === 'ready') return pass(`it has what this checkout needs, functions ${hash.slice(0, 8)}`)
    const isNewer = 'if the database is newer than this checkout, deploy from a newer one'
    return fail(`it is ${status}`, `DATABASE_URL=… npm run migrate, before you deploy; ${isNewer}`)
  },
}

const roles: Check = {
  group: 'database',
  name: 'database-roles',
  needs: ['DATABASE_URL'],
  costs: 'a leak of the Worker’s connection string lets somebody rewrite the ledger',
  async run(context) {
    const [role] = await rows<{ name: string; has_worker: boolean; has_app: boolean; is_owner: boolean }>(
      context,
      `select current_user::text as name, to_regrole('ledgerhook_worker') is not null as has_worker,
         to_regrole('ledgerhook_app') is not null as has_app,
         coalesce((select pg_has_role(current_user, nspowner, 'usage') from pg_namespace
           where nspname = 'ledgerhook'), false) as is_owner`,
    )
    const missing = [!role?.has_worker && 'ledgerhook_worker', !role?.has_app && 'ledgerhook_app'].filter(
      Boolean,
    )
    if (missing.length > 0)
      return fail(
        `no role ${missing.join(' and ')}`,
        'npm run migrate creates them',
        'the Worker may call nothing',
      )
    if (!role?.is_owner) return pass(`${role?.name} is a login that may not change what is stored`)
    if (context.isLocal) return pass('on this machine the Worker is the owner')
    return warn(
      `${role.name} is the owner of the schema`,
      'give the Worker a login in ledgerhook_worker, where this one is the Worker’s: docs/database.md',
    )
  },
}

const autovacuum: Check = {
  group: 'database',
  name: 'database-autovacuum',
  needs: ['DATABASE_URL'],
  costs: 'tables grow without end, and plans are made from old figures',
  async run(context) {
    const [settings] = await rows<{ on: boolean; counts: boolean }>(
      context,
      `select current_setting('autovacuum')::boolean as on, current_setting('track_counts')::boolean as counts`,
    )
    const off = await rows<{ name: string }>(
      context,
      `select relname::text as name from pg_class where relnamespace = 'ledgerhook'::regnamespace
         and reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']`,
    )
    if (!settings?.on || !settings.counts)
      return fail('autovacuum is off', 'alter system set autovacuum = on, and track_counts = on')
    if (off.length === 0) return pass('autovacuum is on')
    const names = off.map(({ name }) => name)
    return fail(`autovacuum is off for ${few(names)}`, `alter table ledgerhook.… reset (autovacuum_enabled)`)
  },
}

const size: Check = {
  group: 'database',
  name: 'database-size',
  needs: ['DATABASE_URL'],
  costs: 'storage is paid for, and a restore takes long',
  async run(context) {
    const tables = await rows<{ name: string; bytes: string }>(
      context,
      `select relname::text as name, pg_total_relation_size(oid) as bytes from pg_class
       where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r' order by 2 desc`,
    )
    const total = tables.reduce((sum, { bytes }) => sum + Number(bytes), 0)
    const [largest] = tables
    const says = `${mebibytes(total)} in all, ${largest?.name} ${mebibytes(Number(largest?.bytes ?? 0))}`
    if (total <= context.roomyBytes) return pass(says)
    return warn(says, 'PAYLOAD_RETENTION_DAYS lets old payloads go: docs/settings.md')
  },
}

const parked: Check = {
  group: 'database',
  name: 'database-parked',
  needs: ['DATABASE_URL'],
  costs: 'somebody has paid, or was refunded, and nothing has happened yet',
  async run(context) {
    const waiting = await rows<{ outcome: string; reason: string; count: string; oldest: Date }>(
      context,
      `select outcome, reason, count(*) as count, min(received_at) as oldest from ledgerhook.webhook_events
       where outcome in ('parked', 'rejected') group by 1, 2 order by 4`,
    )
    const [first] = waiting
    if (!first) return pass('nothing waits')
    const says = waiting.map(({ outcome, reason, count }) => `${count} × ${outcome} / ${reason}`).join(', ')
    const hours = Math.floor((context.now() - first.oldest.getTime()) / HOURS_MS)
    const waits = `${says}; the oldest waits for ${hours} hours`
    if (hours < 24 && waiting.every(({ outcome }) => outcome === 'parked')) return pass(waits)
    return warn(waits, 'docs/troubleshooting.md says what each waits for')
  },
}

export const databaseChecks = [byHttp, migrated, roles, mode, autovacuum, size, payloads, parked]
