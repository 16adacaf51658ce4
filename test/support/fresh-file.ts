import { vi } from 'vitest'

// Runs before each file of test/worker. Files share a workerd, because it takes a second of CPU to start one. They
// share nothing else: modules are evaluated anew, each file has its own database, and mocks are restored.
vi.restoreAllMocks()
vi.useRealTimers()
// The language of zod's messages is global, and outlives its modules. Without this, a file could change it for later
// files.
Reflect.deleteProperty(globalThis, '__zod_globalConfig')
vi.resetModules()
