import { eventOptions } from '../../src/outgoing/telling.ts'
import { configuredFor, readSetting } from './settings.ts'

/**
 * Returns what the database needs to know to write outgoing events in the commit of their cause, as JSON. The scheduled
 * run sends them. Undefined if the Worker of this database sends none. Throws a LocalError.
 */
export function eventsOf(databaseUrl: string, environment: string | undefined): string | undefined {
  const given = configuredFor(databaseUrl, environment)
  if (!readSetting('EVENTS_URL', given)) return undefined
  return eventOptions(readSetting('LOW_BALANCE', given), false)
}
