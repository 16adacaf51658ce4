import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { build, Plugin } from 'esbuild'
import { projectDir, tools } from '../shared/project.ts'

const PACKAGE = join(projectDir, 'node_modules/stripe')
/** The package's entry point for workerd. */
const ENTRY = join(PACKAGE, 'esm/stripe.esm.worker.js')
const CORE = join(PACKAGE, 'esm/stripe.core.js')

/** The parts of Stripe's API that the Worker calls: members of the SDK's client. The others stay out of the bundle. */
export const CALLED = [
  'accounts',
  'billingPortal',
  'charges',
  'checkout',
  'customers',
  'disputes',
  'events',
  'invoicePayments',
  'invoices',
  'paymentIntents',
  'prices',
  'refunds',
  'subscriptions',
]

const PART = /^ *this\.(\w+) = new (\w+)\(this\);\n/gm
const IMPORT = /^import (?:\{ (\w+),? \}|\* as (\w+)) from '\.\/resources[./].*\n/gm

export const stripeSource = () => readFileSync(ENTRY, 'utf8') + readFileSync(CORE, 'utf8')

/** Returns the names of all parts of the API that the SDK's client has, as its sources list them. */
export const partsOf = (core: string): string[] => [...core.matchAll(PART)].map(([, name = '']) => name)

/** Returns Stripe's SDK with the parts of the API that the Worker calls, for its bundle. */
export async function cutStripe(): Promise<string> {
  // The bundler that wrangler uses.
  const esbuild = createRequire(tools.wrangler)('esbuild') as { build: typeof build }
  const { outputFiles } = await esbuild.build({
    entryPoints: [ENTRY],
    bundle: true,
    format: 'esm',
    target: 'esnext',
    write: false,
    plugins: [cutting],
  })
  return outputFiles[0]?.text ?? ''
}

const cutting: Plugin = {
  name: 'without what is not called',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]stripe\.core\.js$/ }, () => ({ contents: cutCore(readFileSync(CORE, 'utf8')) }))
  },
}

/**
 * Replaces the parts that are left out by an error that says so, so that a call of one is not mistaken for a missing
 * object.
 */
function cutCore(core: string): string {
  const classes = new Set<string>()
  const without: string[] = []
  const cut = core.replaceAll(PART, (line, name: string, made: string) => {
    if (!CALLED.includes(name)) {
      without.push(name)
      return ''
    }
    classes.add(made)
    return line
  })
  if (classes.size !== CALLED.length)
    throw new Error("Stripe's SDK no longer lists the parts of its client as it did")
  const imports = cut.replaceAll(IMPORT, (line, named: string | undefined, all: string | undefined) => {
    if (all) return `const ${all} = {};\n`
    return classes.has(named ?? '') ? line : ''
  })
  return `${imports}
for (const name of ${JSON.stringify(without)}) Object.defineProperty(Stripe.prototype, name, {
  get() { throw new Error('stripe.' + name + ' is not in the bundle: cli/sdk/stripe.ts lists what is'); },
});
`
}
