import { timingSafeEqual } from 'hono/utils/buffer'
import type { Settings } from '../settings.ts'

/**
 * Which of the service tokens this is. Each of them is compared, in constant time, so that the time says nothing about
 * any. Without a `SERVICE_TOKEN` none is.
 */
export async function serviceToken(given: string, { SERVICE_TOKEN = [] }: Settings) {
  const same = await Promise.all(SERVICE_TOKEN.map(({ token }) => timingSafeEqual(given, token)))
  return SERVICE_TOKEN[same.indexOf(true)]
}
