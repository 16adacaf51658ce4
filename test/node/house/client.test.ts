import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CLIENT_FILE, madeClient } from '../../../local/openapi/client.ts'
import { DOCUMENT_FILE, madeDocument } from '../../../local/openapi/openapi.ts'
import { madeTables, madeTableTypes, TABLE_TYPES_FILE, TABLES_FILE } from '../../../local/tables.ts'

it.each([
  ['client/schema.d.ts', CLIENT_FILE, madeClient],
  ['src/api/openapi.gen.ts', DOCUMENT_FILE, madeDocument],
  ['drizzle/index.js', TABLES_FILE, madeTables],
  ['drizzle/index.d.ts', TABLE_TYPES_FILE, madeTableTypes],
])('%s is what the code makes: `npm run generate` writes it', async (_, file, made) => {
  const committed = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  expect(committed === (await made())).toBe(true)
})
