import { join } from 'node:path'
import type { NextConfig } from 'next'

export default {
  // `ledgerhook` is a link to this repository here. An app that installs it needs no `turbopack`.
  turbopack: { root: join(import.meta.dirname, '../..') },
  // Stripe's other ways back: nothing was bought, and out of the customer portal.
  redirects: async () =>
    ['/billing', '/billing/cancelled'].map((source) => ({ source, destination: '/', permanent: false })),
} satisfies NextConfig
