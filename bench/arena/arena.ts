import type pg from 'pg'
import type { Vars } from '../../local/dev-vars.ts'
import type { Stats } from '../../local/gateway/stats.ts'
import { once } from '../../src/once.ts'
import { connectTo } from '../ground/database.ts'
import { type BenchGateway, type Latency, startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { startWorkerd } from '../ground/workerd.ts'
import { CONTENDERS, type Contender, contendersOf } from './contenders.ts'
import type { HotEvent } from './deliveries.ts'
import { AT_A_TIME, bring, deliver, type Receiver } from './subjects.ts'

/** A contender's Worker, and a connection to its database. */
export interface Corner extends Receiver {
  pid: number
  database: pg.Client
  stop(): Promise<void>
}

/** Workers that run the same deliveries, each on its own database, behind one gateway. */
export interface Arena {
  /** `callsFloor` receives no delivery. Ledgerhook's routes are compared with it. */
  corners: Record<Contender | 'callsFloor', Corner>
  /** The key that signs session tokens for all of them. */
  sessionKey: string
  /** Delivers to every contender what must precede the event, for these users. */
  bring(hot: HotEvent, users: string[]): Promise<void>
  takeStats(): Promise<Stats>
  stop(): Promise<void>
}

/** The tables of the other contenders. The bare writes use ours, without foreign keys and triggers. */
const TABLES: Record<Exclude<Contender, 'ledgerhook'> | 'callsFloor', string> = {
  floor: `create table deliveries (
    event_id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`,
  writes: `do $$ declare part record; begin
    for part in select conrelid::regclass as owner, conname from pg_constraint
      where connamespace = 'ledgerhook'::regnamespace and contype = 'f'
    loop execute format('alter table %s drop constraint %I', part.owner, part.conname); end loop;
    for part in select tgrelid::regclass as owner, tgname from pg_trigger where not tgisinternal
    loop execute format('drop trigger %I on %s', part.tgname, part.owner); end loop;
  end $$`,
  tutorial: `create table users (id text primary key, balance bigint not null default 0);
    create table events (id text primary key, type text not null, payload jsonb not null);
    create table ledger (id bigint generated always as identity primary key,
      user_id text not null references users, amount bigint not null, payment_id text not null unique)`,
  callsFloor: 'create table wallets (user_id text primary key, balance bigint not null)',
}

let opened = 0

/** Opens an arena on the ground, with new databases. */
export async function openArena(ground: Ground, latency: Latency): Promise<Arena> {
  await Promise.all(CONTENDERS.map(ground.bundle))
  const gateway = await startGatewayThread(ground, latency)
  const arena = opened++
  const corner = async (name: Contender | 'callsFloor') => {
    const database = `${name.toLowerCase()}_${arena}`
    await ground.createDatabase(database, name === 'ledgerhook' || name === 'writes' ? 'ours' : 'none')
    const made = await openCorner(ground, gateway, name, database)
    if (name !== 'ledgerhook') await made.database.query(TABLES[name])
    return made
  }
  const corners = {
    floor: await corner('floor'),
    writes: await corner('writes'),
    ledgerhook: await corner('ledgerhook'),
    tutorial: await corner('tutorial'),
    callsFloor: await corner('callsFloor'),
  }
  return {
    corners,
    sessionKey: ground.sessionKey,
    async bring(hot, users) {
      await bring(hot, users, corners.ledgerhook)
      // A duplicate must be one for the floor too, so the floor gets the first delivery here.
      const earlier = hot.outcome === 'duplicate' ? users.map((user) => hot.event(user)) : []
      await deliver(earlier, corners.floor, AT_A_TIME)
      if (!contendersOf(hot).includes('tutorial')) return
      await corners.tutorial.database.query('insert into users (id) select unnest($1::text[])', [users])
      await corners.writes.database.query(
        'insert into ledgerhook.wallets (user_id) select unnest($1::text[])',
        [users],
      )
    },
    takeStats: gateway.takeStats,
    async stop() {
      for (const part of [...Object.values(corners), gateway]) await part.stop()
    },
  }
}

/** Runs a contender's bundle against a database of the ground. */
export async function openCorner(
  ground: Ground,
  gateway: BenchGateway,
  contender: Contender | 'callsFloor' | 'backlog',
  databaseName: string,
  more: Vars = {},
): Promise<Corner> {
  const databaseUrl = ground.databaseUrl(databaseName)
  const settings = {
    ...ground.settings,
    ...more,
    DATABASE_URL: databaseUrl,
    NEON_FETCH_ENDPOINT: gateway.url,
  }
  const { path: bundlePath } = await ground.bundle(contender)
  const worker = ground.holds(await startWorkerd({ bundlePath, settings }))
  const database = await connectTo(databaseUrl)
  const disconnected = once(() => database.end())
  const stop = async () => {
    await disconnected()
    await worker.stop()
  }
  return ground.holds({ url: worker.url, secrets: ground.settings, pid: worker.pid, database, stop })
}
