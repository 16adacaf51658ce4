import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { runCommand } from './command.ts'
import { USUAL_PORTS } from './dev/flags.ts'
import { LocalError } from './errors.ts'
import { portNumber, readFlags } from './flags.ts'
import { configuredDatabase } from './migrate.ts'
import { projectDir, tools } from './project.ts'

const HELP = `
npm run studio -- [flags]     look at the tables in a browser: DATABASE_URL, else the local database of \`npm run dev\`

  --pg-port 54320             the local Postgres
`

await runCommand(async () => {
  const { values } = readFlags(HELP, { 'pg-port': { type: 'string' } })
  const configured = configuredDatabase()
  const port = portNumber(values['pg-port'], '--pg-port', USUAL_PORTS.postgres)
  if (!configured && !(await listens(port))) {
    throw new LocalError(
      `no Postgres listens on port ${port}: start it with \`npm run dev\`, or name it with --pg-port`,
    )
  }
  const url = configured ?? `postgres://postgres:postgres@127.0.0.1:${port}/ledgerhook`
  console.log(`the tables of ${new URL(url).host}`)
  // Left alone it would listen on every interface of the machine.
  const args = ['studio', '--config', 'local/studio.config.ts', '--host', '127.0.0.1']
  const studio = spawn(process.execPath, [tools.drizzleKit, ...args], {
    cwd: projectDir,
    // Not as a flag: `ps` would show the password.
    env: { ...process.env, DATABASE_URL: url },
    stdio: 'inherit',
  })
  // Ctrl-C reaches both; what Studio then does decides.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => studio.kill())
  const [code] = await once(studio, 'exit')
  process.exitCode = code ?? 0
})

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
