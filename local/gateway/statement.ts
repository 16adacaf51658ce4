import pg, { type Query } from 'pg'
import { GatewayError } from './errors.ts'
import { MAX_BYTES, type Statement } from './protocol.ts'
import { type Row, rowWriter } from './rows.ts'

/** How many bytes the response may still grow by. All statements of a request share it. */
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
    // Also without parameters: the simple protocol would accept several statements.
    queryMode: 'extended',
  }
  const query = new pg.Query<Row>(config)
  // COPY FROM STDIN. When Postgres refuses it, it has already skipped our Sync, and waits for another one. The driver
  // sends none, and the ROLLBACK would wait forever.
  const handleCopyInResponse = (wire: Wire) => {
    wire.sendCopyFail('COPY is not supported')
    wire.sync()
  }
  return Object.assign(query, { handleCopyInResponse })
}

/**
 * Runs one statement, and returns its part of the response, as JSON text. Rows become text as they arrive, so that a
 * huge result is noticed early: then `stop` is called, to cancel the statement, and once Postgres has ended it, this
 * throws a GatewayError 507.
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
