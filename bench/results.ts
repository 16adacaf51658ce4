import type { Backlog } from './measures/backlog.ts'
import type { CallsRow } from './measures/calls.ts'
import type { Drain } from './measures/drain.ts'
import type { FirstDay } from './measures/first-day.ts'
import type { GrowthRow } from './measures/growth.ts'
import type { LatencyRow } from './measures/latency.ts'
import type { OutgoingRow } from './measures/outgoing.ts'
import type { ReconcileRow } from './measures/reconcile.ts'
import type { StagesRow } from './measures/stages.ts'
import type { Startup } from './measures/startup.ts'
import type { StorageRow } from './measures/storage.ts'
import type { ThroughputRow } from './measures/throughput.ts'
import type { Wallets } from './measures/wallets.ts'
import type { Weight } from './measures/weight.ts'
import type { Soak } from './soak/soak.ts'

/** The results of the requested sections. */
export interface Results {
  latency?: LatencyRow[]
  throughput?: ThroughputRow[]
  wallets?: Wallets
  calls?: CallsRow[]
  drain?: Drain
  firstDay?: FirstDay
  outgoing?: OutgoingRow[]
  storage?: StorageRow[]
  stages?: StagesRow[]
  weight?: Weight
  startup?: Startup
  reconcile?: ReconcileRow[]
  growth?: GrowthRow[]
  backlog?: Backlog
  soak?: Soak
}
