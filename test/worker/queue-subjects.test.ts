import { expect, it } from 'vitest'
import { holdOpen, query } from './support.ts'
import { FACTS } from './verb-facts.ts'

const DELIVERY = {
  provider: 'stripe',
  event_id: 'evt_subjects',
  type: 'test',
  via: 'webhook',
  erase: false,
  occurred_at: '2026-05-01T12:00:00Z',
  body: '{}',
}

const verbs = await query<{ name: string }>('select name from verbs order by name')

it.each(verbs)('the subjects of $name are all that it locks where nothing is stored', async ({ name }) => {
  expect(FACTS, 'test/worker/verb-facts.ts').toHaveProperty(name)
  // Each verb has its own ids: if nothing is found, a verb knows no more subjects than its facts name.
  const facts = JSON.stringify(FACTS[name]).replaceAll('_1"', `_${name}"`)
  await query(`create table if not exists locked (verb text, held text[], named text[])`)
  const release = await holdOpen(
    [`select ledgerhook."${name}"($1::jsonb, $2::jsonb)`, [JSON.stringify(DELIVERY), facts]],
    [
      `insert into locked select $1,
         array(select line from unnest(string_to_array(trim(both E'\\n' from current_setting('ledgerhook.held')), E'\\n')) line order by line),
         array(select distinct subject from unnest(subjects_of($1, $2::jsonb)) subject where subject is not null order by subject)`,
      [name, facts],
    ],
    // The rows of one verb must not affect another.
    [`do $$ begin delete from ledgerhook.waiting; delete from ledgerhook.webhook_events; end $$`, []],
  )
  await release()
  const [row] = await query<{ held: string[]; named: string[] }>(
    'select held, named from locked where verb = $1',
    [name],
  )
  expect(row?.held).not.toEqual([])
  expect(row?.named).toEqual(row?.held)
})
