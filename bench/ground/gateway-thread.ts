// Runs the local gateway on a separate thread: see gateway.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { startGateway } from '../../local/gateway/server.ts'

const gateway = await startGateway({ ...workerData, port: 0 })
parentPort?.once('message', () => void gateway.stop())
parentPort?.postMessage(gateway.url)
