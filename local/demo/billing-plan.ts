import type { Actor } from './actor.ts'
import type { MakeScene, Scene } from './scene.ts'

const UPDATED = 'customer.subscription.updated'

/** A plan of 1000 credits a month, from its first invoice to its end. */
export function planScenes(ada: Actor, scene: MakeScene): Scene[] {
  const applied = (webhooks: number) => Array.from({ length: webhooks }, () => '200 applied')
  const shows = (says: string, answer: string, balance: number) =>
    scene(says, 'GET /api/me', () => ada.subscription(), [answer], balance)
  const happens = (says: string, sent: string, action: string, webhooks: number, balance: number) =>
    scene(says, sent, () => ada.subscriptionAt(action), applied(webhooks), balance, webhooks)
  return [
    scene('Ada wants the plan pro', 'POST /api/checkout', () => ada.buy({ plan: 'pro' }), ['200'], 1540),
    scene('she pays: 1000 credits', 'invoice.paid and 3 more', () => ada.pay('pay'), applied(4), 2540, 4),
    shows('she has a plan', '200 pro active', 2540),
    happens('a month later it renews: 1000 more', 'invoice.paid and 2 more', 'renew', 3, 3540),
    happens('she cancels, for the end of the period', UPDATED, 'cancel-at-period-end', 1, 3540),
    shows('until then she has it', '200 pro active, ends', 3540),
    happens('she changes her mind', UPDATED, 'resume', 1, 3540),
    shows('it goes on', '200 pro active', 3540),
    happens('it ends; the credits stay', 'customer.subscription.deleted', 'end', 1, 3540),
    shows('it is over', '200 pro canceled', 3540),
    scene('her invoices are there', 'POST /api/billing-portal', () => ada.openPortal(), ['200'], 3540),
  ]
}
