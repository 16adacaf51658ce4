import { runCommand } from '../cli/shared/command.ts'

/** One Ctrl-C may arrive twice: the terminal signals every process of the command, and npm passes on its own signal. */
const SAME_PRESS_MS = 500

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

const PARENT_CHECK_MS = 500

/**
 * Runs the body of a command that has processes to stop. On Ctrl-C the signal aborts, and `main` stops them in its own
 * order; an error that it then throws is ignored. A second Ctrl-C ends the process at once. The signal also aborts when
 * the npm that runs the command is killed.
 */
export async function runInterruptible(main: (interrupt: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController()
  let interruptedAt = Number.POSITIVE_INFINITY
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (Date.now() - interruptedAt > SAME_PRESS_MS) process.exit(code)
      if (interrupt.signal.aborted) return
      interruptedAt = Date.now()
      interrupt.abort(code)
    })
  }
  if (process.env.npm_lifecycle_event) whenParentEnds(() => interrupt.abort(EXIT_CODES.SIGTERM))
  await runCommand(async () => {
    try {
      await main(interrupt.signal)
    } catch (error) {
      if (!interrupt.signal.aborted) throw error
      process.exitCode = interrupt.signal.reason
    }
  })
}

/** npm passes SIGTERM to the shell between it and the command. The shell ends without a signal to the command. */
function whenParentEnds(act: () => void): void {
  const parent = process.ppid
  const check = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(check)
    act()
  }, PARENT_CHECK_MS)
  check.unref()
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}
