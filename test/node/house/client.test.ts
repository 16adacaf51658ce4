import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CLIENT_FILE, madeClient } from '../../../local/check/client.ts'

it('client/schema.d.ts is what the routes make: `npm run generate` writes it', async () => {
  const committed = readFileSync(CLIENT_FILE, 'utf8').replaceAll('\r\n', '\n')
  expect(committed === (await madeClient())).toBe(true)
})
