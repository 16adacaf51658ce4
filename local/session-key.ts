import { createPublicKey } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generateKeyPair, type KeyPair } from './session-token.ts'

/** In a directory that git ignores, as `.dev.vars` is: whoever has it can sign in here as anybody. */
const FILE = '.local/session-key.pem'

/** The key pair that stands for Clerk's on this machine, as PEM. Null before there is one. */
export function readSessionKey(): KeyPair | null {
  if (!existsSync(FILE)) return null
  const privateKey = readFileSync(FILE, 'utf8')
  return {
    privateKey,
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string,
  }
}

/** Returns the same key pair, and makes it when there is none. */
export async function ensureSessionKey(): Promise<KeyPair> {
  const existing = readSessionKey()
  if (existing) return existing
  const pair = await generateKeyPair()
  mkdirSync(dirname(FILE), { recursive: true })
  writeFileSync(FILE, pair.privateKey, { mode: 0o600 })
  return pair
}
