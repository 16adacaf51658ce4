import { billingPortal } from './billing-portal.ts'
import { startCheckout } from './checkout.ts'
import { finishCheckout } from './checkout-return.ts'
import { entitlements } from './entitlements.ts'
import { giveBackCredits } from './give-back.ts'
import { grant } from './grant.ts'
import { me } from './me.ts'
import type { Route } from './route.ts'
import { spendCredits } from './spend.ts'
import { userWallet } from './user-wallet.ts'
import { wallet } from './wallet.ts'

/** Add routes here: this list alone decides what is served and documented. */
export const routes: Route[] = [
  me,
  wallet,
  startCheckout,
  finishCheckout,
  billingPortal,
  spendCredits,
  giveBackCredits,
  grant,
  userWallet,
  entitlements,
]
