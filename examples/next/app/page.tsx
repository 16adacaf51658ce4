import { settings } from '../settings'
import { Wallet } from './wallet'

export default function Page() {
  return <Wallet ledgerhook={settings().LEDGERHOOK_URL} />
}
