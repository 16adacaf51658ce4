import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { makeScratchDir } from '../../local/scratch.ts'
import { LocalError } from '../shared/errors.ts'
import { projectDir } from '../shared/project.ts'

/** The parts of a checkout that decide a delivery or migrate a database. */
const PARTS = ['package.json', 'src', 'migrations']
const NEEDED = ['src/webhook/decide.ts', 'src/providers.ts', 'src/settings.ts', 'migrations/sealed.json']

/** The sources of another commit, with the libraries of this checkout. */
export interface Checkout {
  dir: string
  /** The commit, abbreviated. */
  commit: string
  remove(): void
}

/** Returns the commit that Git finds by this name. Undefined if this clone does not have it. */
export function commitOf(ref: string): string | undefined {
  return ref.startsWith('-') ? undefined : git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`)
}

/**
 * Unpacks the sources of a commit. It changes nothing in this checkout. The caller removes the files. Throws a
 * LocalError.
 */
export function checkoutOf(ref: string): Checkout {
  const commit = commitOf(ref)
  if (commit === undefined)
    throw new LocalError(
      `there is no commit ${ref} in this clone: \`git fetch\` it (--unshallow, if it is old)`,
    )
  const dir = makeScratchDir('base')
  const remove = () => rmSync(dir, { recursive: true, force: true })
  const tar = join(dir, 'base.tar')
  if (git('archive', `--output=${tar}`, commit, ...PARTS) === undefined || !unpack(tar, dir)) {
    remove()
    throw new LocalError(`the sources of ${ref} cannot be unpacked by \`git archive\` and \`tar\``)
  }
  if (NEEDED.some((path) => !existsSync(join(dir, path)))) {
    remove()
    throw new LocalError(`${ref} is too old to be compared: it has no ${NEEDED[0]}`)
  }
  symlinkSync(join(projectDir, 'node_modules'), join(dir, 'node_modules'), 'junction')
  return { dir, commit: commit.slice(0, 12), remove }
}

const unpack = (tar: string, dir: string) => spawnSync('tar', ['-xf', tar, '-C', dir]).status === 0

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', ['-C', projectDir, ...args], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
