import { redirect } from 'next/navigation'
import { settings } from '../../../settings'
import { Bought } from './bought'

/** Stripe sends people back here, with the id of the session that they paid. */
export default async function Page({ searchParams }: { searchParams: Promise<{ session_id?: string }> }) {
  const { session_id } = await searchParams
  if (!session_id) redirect('/')
  return <Bought ledgerhook={settings().LEDGERHOOK_URL} session={session_id} />
}
