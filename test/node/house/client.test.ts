import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CLIENT_FILE, madeClient } from '../../../local/openapi/client.ts'
import { DOCUMENT_FILE, madeDocument } from '../../../local/openapi/openapi.ts'

it.each([
  ['client/schema.d.ts', CLIENT_FILE, madeClient],
  ['src/api/openapi.gen.ts', DOCUMENT_FILE, madeDocument],
])('%s is what the routes make: `npm run generate` writes it', async (_, file, made) => {
  const committed = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  expect(committed === (await made())).toBe(true)
})
