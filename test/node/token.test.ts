import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeScratchDir } from '../../local/scratch.ts'
import { verifySession } from '../../src/clerk/session.ts'
import { settingsOf } from '../../src/settings.ts'

const dir = makeScratchDir('token')
const local = (file: string) => resolve('local', file)
const run = (...args: string[]) =>
  execFileSync(process.execPath, args, {
    cwd: dir,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
const token = (...args: string[]) => run(local('token.ts'), ...args)

/** Returns the message of a command that fails. */
function complaint(act: () => string): string {
  try {
    return `nothing: ${act()}`
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

async function verified(text: string, more: Record<string, string> = {}) {
  const settings = JSON.parse(
    run(
      '--input-type=module',
      '-e',
      `import { readSettings } from '${local('dev-vars.ts')}'; console.log(JSON.stringify(readSettings().settings))`,
    ),
  )
  return await verifySession(
    text,
    settingsOf({ ...settings, DATABASE_URL: 'postgres://local@127.0.0.1/local', ...more }),
  )
}

describe('npm run token', () => {
  beforeAll(() => {
    expect(complaint(() => token('user_ada'))).toMatch('no key to sign with')
    run(
      '--input-type=module',
      '-e',
      `import { ensureDevVars } from '${local('dev-vars.ts')}'; await ensureDevVars()`,
    )
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  it('prints a token that the settings of .dev.vars accept', async () => {
    expect(await verified(token('user_ada'))).toEqual({ verified: true, userId: 'user_ada' })
  })

  it('takes the origin and the time it lives', async () => {
    const text = token('user_ada', '--origin', 'https://app.example.com', '--expires', '60')
    const claims = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ azp: 'https://app.example.com', exp: claims.iat + 60 })
    const other = { APP_ORIGINS: 'https://other.example.com' }
    expect(await verified(text, other)).toMatchObject({ cause: 'unauthorized_party' })
    expect(await verified(token('user_ada'), other)).toMatchObject({ verified: true })
  })

  it('keeps the private key to itself, out of .dev.vars', () => {
    expect(statSync(join(dir, '.local/session-key.pem')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dir, '.dev.vars'), 'utf8')).not.toContain('PRIVATE')
  })

  it('has the key of the local Clerk beside it, also where an earlier version has written the settings', () => {
    const vars = join(dir, '.dev.vars')
    const written = readFileSync(vars, 'utf8')
    const ensure = () =>
      run(
        '--input-type=module',
        '-e',
        `import { ensureDevVars } from '${local('dev-vars.ts')}'; console.log(await ensureDevVars())`,
      )
    writeFileSync(vars, written.replace(/^CLERK_SECRET_KEY=.*\n/m, ''))
    expect(ensure()).toMatch(/^filled in \.dev\.vars, .*: CLERK_SECRET_KEY$/)
    expect(readFileSync(vars, 'utf8')).toMatch(/^CLERK_SECRET_KEY="sk_test_local_\w+"$/m)
    expect(ensure()).toBe('undefined')
    // With Clerk's own public key, Clerk itself is used: nothing is added.
    writeFileSync(vars, written.replace(/^CLERK_SECRET_KEY=.*\n/m, '').replace('MIIB', 'MIIC'))
    expect(ensure()).toBe('undefined')
    writeFileSync(vars, written)
  })

  it('says so when it cannot be of use', () => {
    expect(complaint(() => token())).toMatch('name one user')
    expect(complaint(() => token('user_ada', '--expires', 'soon'))).toMatch('--expires takes a whole number')
    const vars = join(dir, '.dev.vars')
    writeFileSync(vars, readFileSync(vars, 'utf8').replace('MIIB', 'MIIC'))
    expect(complaint(() => token('user_ada'))).toMatch('CLERK_JWT_KEY is not the public half')
  })
})
