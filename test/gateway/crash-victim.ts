// Run by postgres.test.ts: starts Postgres, reports that, and waits to be killed.
import { startPostgres } from '../../local/postgres.ts'

const [dataDir = '', port = ''] = process.argv.slice(2)
await startPostgres({ dataDir, port: Number(port) })
process.stdout.write('ready\n')
setInterval(() => {}, 1000)
