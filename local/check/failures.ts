import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'
import { projectDir } from '../../cli/shared/project.ts'

/** The environment variable that names the file to write. */
export const FAILURES_FILE = 'LEDGERHOOK_FAILURES'

/** A CI shows only the end of the output, so the failures must fit into it. */
const MOST_SHOWN = 60
const MOST_CHARACTERS = 240

/** Names why a step has failed, for the end of the output. */
export function nameFailures(reasons: string[]): void {
  const file = process.env[FAILURES_FILE]
  if (!file || reasons.length === 0) return
  writeFileSync(
    file,
    shownOf(reasons)
      .map((reason) => `    ${reason}\n`)
      .join(''),
  )
}

function shownOf(failures: string[]): string[] {
  const more = failures.length - MOST_SHOWN
  return [...failures.slice(0, MOST_SHOWN), ...(more > 0 ? [`✗ and ${more} more, see above`] : [])]
}

/**
 * A Vitest reporter: prints two lines for each failed test, failed hook, file that cannot be loaded and unhandled
 * error.
 */
export default class FailuresReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const failures = [
      ...unhandled.map((error) => failure(`unhandled error${whereOf(error)}`, [error])),
      ...modules.flatMap(failuresOf),
    ]
    const file = process.env[FAILURES_FILE]
    if (file)
      writeFileSync(
        file,
        shownOf(failures)
          .map((text) => `${text}\n`)
          .join(''),
      )
  }
}

function failuresOf(module: TestModule): string[] {
  const file = relative(projectDir, module.moduleId).replaceAll('\\', '/')
  const broken = (entity: TestModule | TestSuite, name: string) =>
    entity.errors().length > 0 ? [failure(name, entity.errors())] : []
  return [
    ...broken(module, file),
    ...[...module.children.allSuites()].flatMap((suite) => broken(suite, `${file} > ${suite.fullName}`)),
    ...[...module.children.allTests('failed')].map((test) =>
      failure(`${file} > ${test.fullName}`, test.result().errors ?? []),
    ),
  ]
}

function failure(name: string, errors: readonly SerializedError[]): string {
  return [`✗ ${name}`, ...errors.map((error) => `    ${firstLine(error)}${placeOf(error)}`)].join('\n')
}

function firstLine({ name, message }: SerializedError): string {
  const line =
    stripVTControlCharacters(message ?? '')
      .split('\n')
      .find((text) => text.trim()) ?? 'no message'
  const text = name && name !== 'Error' && name !== 'AssertionError' ? `${name}: ${line}` : line
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

/** Returns where it was thrown, if that is one of our files. */
function placeOf({ stacks = [] }: SerializedError): string {
  const [ours] = stacks.filter(({ file }) => file.startsWith(projectDir) && !file.includes('node_modules'))
  return ours ? ` (${relative(projectDir, ours.file)}:${ours.line})` : ''
}

/** Returns the test file during which it happened, which Vitest names in a separate member. */
function whereOf({ VITEST_TEST_PATH: path }: SerializedError): string {
  return typeof path === 'string' ? ` during ${relative(projectDir, path)}` : ''
}
