import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { LocalError } from '../cli/shared/errors.ts'
import { makeDirOf } from './postgres/reachable.ts'
import { generateKeyPair, type KeyPair } from './session-token.ts'

/** Git ignores its directory and `.dev.vars`, because anyone with this key can sign in here as any user. */
const FILE = '.local/session-key.pem'

/** Returns the key pair that replaces Clerk's on this machine, as PEM. Null when there is none yet. Throws a LocalError. */
export function readSessionKey(): KeyPair | null {
  if (!existsSync(FILE)) return null
  const privateKey = readFileSync(FILE, 'utf8')
  return { privateKey, publicKey: publicHalf(privateKey) }
}

function publicHalf(privateKey: string): string {
  try {
    return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string
  } catch {
    throw new LocalError(
      `${FILE} is damaged: remove it, and CLERK_JWT_KEY from .dev.vars unless that is your Clerk instance’s: ` +
        '`npm run dev` makes both again',
    )
  }
}

/** Returns the key pair, and creates it if there is none. */
export async function ensureSessionKey(): Promise<KeyPair> {
  const existing = readSessionKey()
  if (existing) return existing
  const pair = await generateKeyPair()
  makeDirOf(FILE)
  writeFileSync(FILE, pair.privateKey, { mode: 0o600 })
  return pair
}
