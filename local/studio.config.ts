import { defineConfig } from 'drizzle-kit'
import config from '../drizzle.config.ts'

/** Of `npm run studio` alone: nothing else that drizzle-kit does needs a database. */
export default defineConfig({ ...config, dbCredentials: { url: process.env.DATABASE_URL ?? '' } })
