import { DatabaseUnavailable } from '../src/db.ts'
import { telling } from '../src/outgoing/telling.ts'
import { ProviderTrouble } from '../src/provider-trouble.ts'
import { withBonusForAll } from '../src/reconcile/clerk-walks.ts'
import { type Pass, passId } from '../src/reconcile/pass.ts'
import { running } from '../src/running.ts'
import { buildName } from './build-name.ts'
import { closeAbsent } from './reconcile/absent.ts'
import { compareOnce } from './reconcile/compared.ts'
import { linksOf } from './reconcile/customers.ts'
import { importEarlier } from './reconcile/earlier.ts'
import { reconcileFlags } from './reconcile/flags.ts'
import { inJson } from './reconcile/json.ts'
import { refuseUnknown } from './reconcile/known-user.ts'
import { refuseOtherKey } from './reconcile/own-key.ts'
import { inLines, refusedKeys } from './reconcile/table.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { hostOf, whyFailed } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { openDatabase } from './shared/owner.ts'
import { printing } from './shared/printing.ts'
import { commandSettings } from './shared/settings.ts'

await runCommand(async () => {
  running.build = buildName()
  const flags = reconcileFlags()
  const url = await databaseUrl(flags.pgPort)
  const host = hostOf(url)
  const settings = commandSettings(url, flags.local, flags.env)
  if (flags.only === 'clerk' && !settings.CLERK_SECRET_KEY)
    throw new LocalError('CLERK_SECRET_KEY is not set: without it nothing can be read from Clerk')
  const db = await openDatabase(url)
  // The Worker logs a line for each delivery. Here the table reports everything.
  const print = console.log
  console.log = () => {}
  try {
    const pass: Pass = {
      id: passId(),
      since: flags.since,
      recent: false,
      watches: false,
      seen: null,
      uncredited: null,
      fixes: flags.fix,
      db: telling(db, settings),
      settings: flags.bonus ? withBonusForAll(settings) : settings,
    }
    if (flags.only !== 'clerk') await refuseOtherKey(pass, host)
    const links = flags.customers ? await linksOf(flags.customers, pass, url) : []
    const payments = flags.payments && (await importEarlier(pass, flags.payments))
    const first = await compareOnce(pass, flags, links)
    if (flags.user) await refuseUnknown(flags.user, pass, first)
    const absent = await closeAbsent(pass, first.report, first.store, flags)
    // Where nothing differs, nothing was changed: another comparison would take as long and find the same.
    const isChanged = flags.fix && first.store.count() > 0
    const left = isChanged ? await compareOnce({ ...pass, id: passId(), fixes: false }, flags, links) : first
    const said = { host, pass: pass.id, first, left, absent, payments, flags, settings }
    await printing(flags.json ? inJson(said) : inLines(said), print)
    const toImport = flags.fix ? [] : (payments ?? []).filter((payment) => payment.is_new)
    if (left.store.count() + toImport.length + refusedKeys(first.report).length > 0) process.exitCode = 1
  } catch (error) {
    throw plain(error, url)
  } finally {
    console.log = print
    await db.end()
  }
})

function plain(error: unknown, url: string): unknown {
  if (error instanceof ProviderTrouble)
    return new LocalError(
      `a provider does not answer (${error.message}): run it again, it continues from what is done`,
    )
  if (error instanceof DatabaseUnavailable) {
    const why = whyFailed({ code: error.message }, url).message
    // A missing right or a missing migration would fail again.
    const isLasting = /^(42|3F)/.test(error.message)
    return new LocalError(isLasting ? why : `${why}. Run it again: it continues from what is done`)
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_SQLITE_ERROR')
    return new LocalError(
      `what was compared could not be kept in a temporary file (${message}): is there room where TMPDIR says?`,
    )
  return error
}
