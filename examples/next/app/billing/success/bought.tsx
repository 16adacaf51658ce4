'use client'

import Link from 'next/link'
import { useEffect, useState } from 'react'
import { useLedgerhook } from '../../use-ledgerhook'

const ASK_AGAIN_MS = 2_000
/** A card is paid by now. A bank debit takes days: the webhook credits it, unless the bank refuses. */
const STOP_AFTER_MS = 30_000
const NOT_YET =
  'Nothing is paid yet. Once your bank has paid, your credits are here. If it refuses, you are charged nothing.'

/** Shows the result of a payment. Asking for it credits the payment at once, without the webhook. */
export function Bought({ ledgerhook: url, session }: { ledgerhook: string; session: string }) {
  const ledgerhook = useLedgerhook(url)
  const [text, setText] = useState('One moment…')

  useEffect(() => {
    const leaving = new AbortController()
    const params = { path: { id: session } }
    const until = Date.now() + STOP_AFTER_MS

    async function ask() {
      const { data, response } = await ledgerhook.GET('/api/checkout/{id}', {
        params,
        signal: leaving.signal,
      })
      if (data && data.status !== 'open' && data.reason !== 'payment_pending')
        return setText(`Thank you. You have ${data.balance} credits.`)
      if (!data && response.status !== 503)
        return setText(`This payment could not be read (${response.status}).`)
      if (Date.now() > until) return setText(NOT_YET)
      setTimeout(attempt, ASK_AGAIN_MS)
    }
    // Without a network there is no response: the page asks again.
    const attempt = () => {
      if (!leaving.signal.aborted) ask().catch(() => setTimeout(attempt, ASK_AGAIN_MS))
    }

    attempt()
    return () => leaving.abort()
  }, [ledgerhook, session])

  return (
    <main>
      <p role="status">{text}</p>
      <Link href="/">Back</Link>
    </main>
  )
}
