import { defineConfig } from 'drizzle-kit'
import config from '../drizzle.config.ts'

/** Only `npm run studio` uses this: nothing else that drizzle-kit does needs a database. */
export default defineConfig({ ...config, dbCredentials: { url: process.env.DATABASE_URL ?? '' } })
