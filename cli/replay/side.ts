import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Effect } from '../../src/db.ts'
import { Misconfigured } from '../../src/settings/misconfigured.ts'
import { type Settings, settingsOf } from '../../src/settings.ts'
import type { decide } from '../../src/webhook/decide.ts'
import { isUnhandled } from '../../src/webhook/decide.ts'
import type { Delivery } from '../../src/webhook/delivery.ts'
import type { Verdict } from '../../src/webhook/outcome.ts'
import type { Provider, ProviderName } from '../../src/webhook/provider.ts'
import { type FunctionSet, readFunctions } from '../migrate/functions.ts'
import { LocalError } from '../shared/errors.ts'
import { projectDir } from '../shared/project.ts'
import type { Stored } from './history.ts'

/** Code and settings that decide a delivery. */
export interface Side {
  settings: Settings
  decide(stored: Stored): Decided
  /** The folders of its migrations and its database functions. */
  migrations: string
  functions: string
  functionSet: FunctionSet
}

export interface Decided {
  delivery: Delivery
  /** Null if no handler is registered. Nothing is stored then. */
  decision: Effect | Verdict | null
  /** The name of the error that the handler threw. A delivery would have got a 500. */
  threw: string | null
}

type Code = {
  decide: typeof decide
  providers: Record<ProviderName, Provider>
  settingsOf(env: object): Settings
}

/** Returns the side of the sources in this folder, with these settings. Throws a LocalError. */
export async function sideOf(env: object, dir = projectDir): Promise<Side> {
  const load = async (path: string) => await import(pathToFileURL(join(dir, path)).href)
  const [{ decide }, { providers }, { settingsOf }] = await Promise.all(
    ['src/webhook/decide.ts', 'src/providers.ts', 'src/settings.ts'].map(load),
  )
  const code: Code = { decide, providers, settingsOf }
  const settings = parse(env, code)
  return {
    settings,
    decide: (stored) => decideStored(stored, code, settings),
    migrations: join(dir, 'migrations'),
    functions: join(dir, 'src'),
    functionSet: readFunctions(join(dir, 'src')),
  }
}

function parse(env: object, code: Code): Settings {
  try {
    // Our own `settingsOf` also says what is wrong. It is used if the other code is the same.
    return code.settingsOf === settingsOf ? settingsOf(env) : code.settingsOf(env)
  } catch (error) {
    if (error instanceof Misconfigured || (error as Error).name === 'Misconfigured')
      throw new LocalError((error as Error).message)
    throw error
  }
}

/** Decides a stored delivery as if it arrived now. */
function decideStored(stored: Stored, { providers, decide }: Code, settings: Settings): Decided {
  const provider = providers[stored.provider]
  const { eventId: _, ...envelope } = provider.envelope(stored.payload, new Headers())
  const delivery: Delivery = {
    ...envelope,
    provider: stored.provider,
    eventId: stored.event_id,
    event: stored.payload,
    body: null,
    via: 'webhook',
    receivedAt: stored.received_at,
  }
  if (isUnhandled(provider, delivery)) return { delivery, decision: null, threw: null }
  try {
    return { delivery, decision: decide(provider, delivery, settings), threw: null }
  } catch (error) {
    return { delivery, decision: null, threw: (error as Error).name }
  }
}
