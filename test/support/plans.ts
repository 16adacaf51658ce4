import { Client } from 'pg'
import type { Database } from '../../src/db.ts'

/** A node of a plan, as Postgres explains it. */
interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Plan[]
}

interface Explained {
  'Query Text': string
  Plan: Plan
}

type Node = Plan & { statement: string }

/** A session that records the plan of every statement that it runs, including those inside functions and triggers. */
export interface PlannedSession {
  client: Client
  db: Database
  /** Returns every node of every plan that ran meanwhile. */
  nodesOf(act: () => Promise<unknown>): Promise<Node[]>
  /** Returns the nodes that read a table in another way than by the first column of an index. */
  scansOf(nodes: Node[]): string[]
  /** Returns the indexes that no plan has used so far, except unique ones. */
  unusedIndexes(): Promise<string[]>
  /** Returns the verbs that were not called so far. */
  uncalledVerbs(): Promise<string[]>
}

/** Tables that have only a few rows, however much piles up elsewhere. */
const SMALL = [
  'tasks',
  'verbs',
  'alerts',
  'alert_messages',
  'sightings',
  'migrations',
  'function_sets',
  'arrived',
  'stripe_account',
  'bonus_key',
]
/** Indexes of only pending work, which are read in their order, and not further than a bite or 10,001 rows. */
const TO_DO = [
  'erasures_open',
  'subscriptions_cancel_due',
  'subscriptions_double',
  'outgoing_events_undelivered',
]

/** Returns each index with its first column or expression, as a condition names it. */
const INDEXES = `
  select relname::text as name, replace(pg_get_indexdef(indexrelid, 1, true), '"', '') as leading, indisunique as keeps_unique
  from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = 'ledgerhook'::regnamespace`

const TABLES = `select relname::text as name from pg_class where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r'`

const UNCALLED_VERBS = `
  select name from ledgerhook.verbs where name not in (
    select funcname::text from pg_stat_user_functions where schemaname = 'ledgerhook') order by name`

export async function openPlannedSession(url: string): Promise<PlannedSession> {
  const client = new Client(url)
  await client.connect()
  let plans: Explained[] = []
  client.on('notice', ({ message = '' }) => {
    const [, plan] = /^duration: .*? plan:\n(.*)$/s.exec(message) ?? []
    if (plan) plans.push(JSON.parse(plan))
  })
  await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_format = 'json';
    set auto_explain.log_nested_statements = on; set auto_explain.log_level = 'notice'; set track_functions = 'pl'`)
  const { rows: indexes } = await client.query<{ name: string; leading: string; keeps_unique: boolean }>(
    INDEXES,
  )
  const leading = new Map(indexes.map(({ name, leading }) => [name, leading]))
  const { rows: tables } = await client.query<{ name: string }>(TABLES)
  const ours = new Set(tables.map(({ name }) => name))
  const used = new Set<string>()

  const isByLeadingColumn = ({ 'Index Name': index = '', 'Index Cond': condition = '' }: Plan) => {
    const column = (leading.get(index) ?? '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return column !== '' && new RegExp(`(?<!\\w)${column}(?!\\w)`).test(condition)
  }
  return {
    client,
    db: {
      query: async <Row>(text: string, parameters?: string[]) =>
        (await client.query(text, parameters)).rows as Row[],
    },
    async nodesOf(act) {
      plans = []
      await act()
      const nodes = plans.flatMap(({ Plan, ...text }) =>
        nodesIn(Plan, text['Query Text'].replaceAll(/\s+/g, ' ')),
      )
      for (const { 'Index Name': index } of nodes) if (index) used.add(index)
      return nodes
    },
    scansOf: (nodes) =>
      nodes.flatMap((node) => {
        const { 'Node Type': type, 'Relation Name': table = '', 'Index Name': index, statement } = node
        if (SMALL.includes(table)) return []
        if (type === 'Seq Scan') return ours.has(table) ? [`${table}: ${statement}`] : []
        // Indexes of Postgres's own catalogs do not matter.
        if (index === undefined || !leading.has(index) || TO_DO.includes(index) || isByLeadingColumn(node))
          return []
        return [`${index} where ${node['Index Cond'] ?? 'anything'}: ${statement}`]
      }),
    async unusedIndexes() {
      return indexes
        .filter(({ name, keeps_unique }) => !keeps_unique && !used.has(name))
        .map(({ name }) => name)
    },
    async uncalledVerbs() {
      // Postgres counts calls in the session, and shows them once it is told to.
      await client.query('select pg_stat_force_next_flush()')
      const { rows } = await client.query<{ name: string }>(UNCALLED_VERBS)
      return rows.map(({ name }) => name)
    },
  }
}

const nodesIn = (plan: Plan, statement: string): Node[] => [
  { ...plan, statement },
  ...(plan.Plans ?? []).flatMap((part) => nodesIn(part, statement)),
]
