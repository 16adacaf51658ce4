import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runCommand } from '../cli/shared/command.ts'
import { databaseUrl } from '../cli/shared/configured.ts'
import { connectTo } from '../cli/shared/database.ts'
import { portNumber, readFlags } from '../cli/shared/flags.ts'
import { projectDir, tools } from '../cli/shared/project.ts'
import { withOwnTmp } from './drizzle-kit.ts'
import { assertPortFree, nextFreePort } from './ports.ts'

const HELP = `
npm run studio -- [flags]     look at the tables in a browser: DATABASE_URL, else the local database of \`npm run dev\`

  --pg-port 25432             the local Postgres
  --port 4983                 where Studio's page finds it, or auto: the next free one
`

const USUAL_PORT = 4983

async function studioPort(given: string | undefined): Promise<number> {
  if (given === 'auto') return nextFreePort(USUAL_PORT, [])
  const port = portNumber(given, '--port', USUAL_PORT)
  await assertPortFree(port, '--port')
  return port
}

await runCommand(async () => {
  const { values } = readFlags(HELP, { 'pg-port': { type: 'string' }, port: { type: 'string' } })
  const url = await databaseUrl(values['pg-port'])
  // Studio itself would print a stack trace for either.
  await (await connectTo(url)).end()
  const port = await studioPort(values.port)
  console.log(`the tables of ${new URL(url).host}`)
  // By default it would listen on every interface of the machine.
  const args = ['studio', '--config', 'local/studio.config.ts', '--host', '127.0.0.1', '--port', String(port)]
  const guard = pathToFileURL(join(projectDir, 'local/studio-guard.ts')).href
  process.exitCode = await withOwnTmp(async (own) => {
    const studio = spawn(process.execPath, ['--import', guard, tools.drizzleKit, ...args], {
      cwd: projectDir,
      // In the environment, because `ps` would show the password in a flag.
      env: { ...process.env, ...own, DATABASE_URL: url },
      stdio: 'inherit',
    })
    // Ctrl-C reaches both processes. This one waits for Studio, and exits with its code.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => studio.kill())
    const [code] = await once(studio, 'exit')
    return code ?? 0
  })
})
