import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

/**
 * Returns the process that listens on a loopback port, as `name (process 123)`. Undefined if it cannot be known: for
 * another user's process, or on a system without /proc and `lsof`.
 */
export async function portOwner(port: number): Promise<string | undefined> {
  const pid = process.platform === 'linux' ? await listenerOnLinux(port) : await listenerByLsof(port)
  if (pid === undefined) return undefined
  return `${await nameOf(pid)} (process ${pid})`
}

/**
 * Finds the process by inodes: the kernel lists sockets with theirs, and each process's open files with those of its
 * sockets.
 */
async function listenerOnLinux(port: number): Promise<number | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((table) => text(`/proc/net/${table}`)))
  const inodes = tables.flatMap((table) => listeningInodes(table, port))
  if (inodes.length === 0) return undefined
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '')
      if (links.has(target)) return Number(pid)
    }
  }
  return undefined
}

const LISTENING = '0A'
/**
 * The loopback of IPv6, as the kernel writes it. A socket there leaves IPv4's port free: it only reserves a chosen
 * port.
 */
const ONLY_IPV6 = '00000000000000000000000001000000:'

function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    const isIt = local?.endsWith(`:${hex}`) && !local.startsWith(ONLY_IPV6)
    return state === LISTENING && isIt && inode ? [inode] : []
  })
}

async function listenerByLsof(port: number): Promise<number | undefined> {
  const args = ['-nP', `-i4TCP:${port}`, '-sTCP:LISTEN', '-t']
  const { stdout } = await promisify(execFile)('lsof', args).catch(() => ({ stdout: '' }))
  return Number.parseInt(stdout, 10) || undefined
}

/** Returns the program, and for Node its script. Never more of the command line, because that may contain a secret. */
async function nameOf(pid: number): Promise<string> {
  const [program = '', ...args] = (await text(`/proc/${pid}/cmdline`)).split('\0')
  if (program) return basename(program) === 'node' ? `node ${scriptOf(args)}`.trim() : basename(program)
  const { stdout } = await promisify(execFile)('ps', ['-o', 'comm=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return basename(stdout.trim()) || 'a program'
}

const WITH_VALUE = new Set(['-r', '--require', '--import'])

/**
 * Returns the script that Node runs, without options and their values. Empty if the value of an option cannot be
 * recognised.
 */
function scriptOf([first = '', ...rest]: string[]): string {
  if (WITH_VALUE.has(first)) return scriptOf(rest.slice(1))
  return first.startsWith('-') ? '' : basename(first)
}

const text = (file: string) => readFile(file, 'utf8').catch(() => '')
