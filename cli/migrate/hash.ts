import { createHash } from 'node:crypto'

/** Line endings differ between checkouts of one commit, so they are made the same. */
export const normalized = (text: string) => text.replaceAll('\r\n', '\n')

/** Returns the SHA-256 of texts, in hexadecimal. */
export function hashOf(...texts: string[]): string {
  const hash = createHash('sha256')
  // The length stands before each text, so that two different lists never have the same bytes.
  for (const text of texts.map(normalized)) hash.update(`${Buffer.byteLength(text)}\n`).update(text)
  return hash.digest('hex')
}
