import { styleText } from 'node:util'
import { isUnsettled } from '../../src/webhook/outcome.ts'
import type { LogLine } from '../worker.ts'
import { causeInWords, failedCall } from './causes.ts'
import { LOG_WORDS, toldInWords } from './log-words.ts'

const COLOURS = {
  applied: 'green',
  duplicate: 'cyan',
  stale: 'cyan',
  ignored: 'gray',
  parked: 'yellow',
  queued: 'yellow',
  rejected: 'red',
} as const

/** Returns a line of the Worker's log for people: time, provider, type, outcome, user and duration. */
export function deliveryLine(line: LogLine, now = new Date()): string {
  const time = styleText('dim', now.toTimeString().slice(0, 8))
  if (line.message === 'event') return `${time}  ${told(line)}`
  if (line.message !== 'delivery') return `${time}  ${other(line)}`

  const { provider, type, outcome, reason, user, via, duration_ms: ms } = line
  const what = `${String(provider).padEnd(6)}  ${String(type ?? 'unreadable').padEnd(40)}`
  const colour = COLOURS[outcome as keyof typeof COLOURS] ?? 'red'
  const verdict = styleText(colour, (reason ? `${outcome} / ${reason}` : String(outcome)).padEnd(36))
  const notes = [
    via === 'release' && (isUnsettled(outcome) ? 'looked at again' : 'released from parking'),
    via === 'queue' && 'from the queue',
  ]
  return [
    time,
    what,
    verdict,
    user ?? '-',
    ms === undefined ? '' : `${ms} ms`,
    ...notes.filter(Boolean),
  ].join('  ')
}

/** Returns the event that was sent to your app, and its response. */
function told(line: LogLine): string {
  const said = styleText(line.state === 'sent' ? 'green' : 'red', toldInWords(line).padEnd(36))
  return ['told  ', String(line.type).padEnd(40), said, line.user ?? '-', line.event].join('  ')
}

function other({ message, level, ...rest }: LogLine): string {
  if (message === 'refused') {
    const { provider, path, cause, probe } = rest
    if (probe)
      return styleText('dim', `refused  ${provider}  as it should be: a forgery of the doctor's (${cause})`)
    return `${styleText('yellow', 'refused')}  ${provider ?? path}  ${causeInWords(cause)}`
  }
  if (message === 'stripe' || message === 'clerk') return styleText('yellow', failedCall(message, rest))
  const words = LOG_WORDS[message]?.(rest)
  const details = words ? [words] : Object.entries(rest).map(([name, value]) => `${name}=${inText(value)}`)
  const colour = level === 'error' ? 'red' : level === 'info' ? 'cyan' : 'yellow'
  return [styleText(colour, message), ...details].join('  ')
}

const inText = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
