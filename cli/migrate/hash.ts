import { createHash } from 'node:crypto'

/** Ends of lines differ between checkouts of one commit. */
export const normalized = (text: string) => text.replaceAll('\r\n', '\n')

/** Returns the SHA-256 of texts, in hexadecimal. */
export function hashOf(...texts: string[]): string {
  const hash = createHash('sha256')
  // Its length before each, so that no two lists of texts are the same bytes.
  for (const text of texts.map(normalized)) hash.update(`${Buffer.byteLength(text)}\n`).update(text)
  return hash.digest('hex')
}
