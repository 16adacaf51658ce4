import { createPublicKey } from 'node:crypto'
import { SESSION_KEY_ID } from '../session-token.ts'
import type { Instance } from './instance.ts'

/** Returns the JSON Web Key Set that verifies the instance's session tokens. */
export function jwks({ publicKey }: Instance): { keys: object[] } {
  if (!publicKey) return { keys: [] }
  const jwk = createPublicKey(publicKey.replaceAll('\\n', '\n')).export({ format: 'jwk' })
  return { keys: [{ ...jwk, use: 'sig', kid: SESSION_KEY_ID, alg: 'RS256' }] }
}
