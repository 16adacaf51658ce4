import pg, { type Query } from 'pg'
import { GatewayError } from './errors.ts'
import { MAX_BYTES, type Statement } from './protocol.ts'
import { type Row, rowWriter } from './rows.ts'

/** What is left of the answer's size, in bytes; one for all statements of a request. */
export type Budget = { left: number }

type Wire = pg.Connection & { sendCopyFail(reason: string): void }

const asText = { getTypeParser: () => (text: string) => text }

function resultToJson(result: pg.ResultBuilder, rows: string[], arrayMode: boolean): string {
  const head = `{"rowAsArray":${arrayMode},"fields":${JSON.stringify(result.fields)},"rows":[`
  const tail = `],"command":${JSON.stringify(result.command ?? '')},"rowCount":${result.rowCount}}`
  return head + rows.join() + tail
}

function toQuery(statement: Statement): Query<Row> {
  const config = {
    text: statement.query,
    values: statement.params,
    types: asText as unknown as pg.CustomTypesConfig,
    rowMode: 'array',
    // Always, also without parameters: the simple protocol would let several statements through.
    queryMode: 'extended',
  }
  const query = new pg.Query<Row>(config)
  // COPY FROM STDIN. Postgres has skipped our Sync by the time it refuses, and waits for another; the driver
  // sends none, and the ROLLBACK would wait for ever.
  const handleCopyInResponse = (wire: Wire) => {
    wire.sendCopyFail('COPY is not supported')
    wire.sync()
  }
  return Object.assign(query, { handleCopyInResponse })
}

/**
 * Runs one statement and resolves to its part of the answer, as JSON text. Rows become text as they arrive,
 * so that a huge result is noticed early: `stop` is called then, to cancel the statement, and once Postgres is
 * done with it, this rejects with a GatewayError 507.
 */
export function runStatement(
  client: pg.PoolClient,
  statement: Statement,
  rawText: boolean,
  budget: Budget,
  stop: () => void,
): Promise<string> {
  const { arrayMode } = statement
  const rows: string[] = []
  let toJson: ((row: Row) => string) | undefined
  const query = toQuery(statement)
  query.on('row', (row: Row, result) => {
    if (budget.left < 0) return
    toJson ??= rowWriter(result?.fields ?? [], rawText, arrayMode)
    const text = toJson(row)
    rows.push(text)
    budget.left -= Buffer.byteLength(text)
    if (budget.left < 0) stop()
  })
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      const tooLarge = budget.left < 0
      reject(tooLarge ? new GatewayError(507, `response is too large (max is ${MAX_BYTES} bytes)`) : error)
    }
    query.on('error', fail)
    query.on('end', (result) => {
      if (budget.left < 0) fail(null)
      else resolve(resultToJson(result, rows, arrayMode))
    })
    client.query(query)
  })
}
