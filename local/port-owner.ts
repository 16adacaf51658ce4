import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

/**
 * Returns who listens on a loopback port, as `name (process 123)`. Undefined where that cannot be known: another user's
 * process, or a system without /proc and `lsof`.
 */
export async function portOwner(port: number): Promise<string | undefined> {
  const pid = process.platform === 'linux' ? await listenerOnLinux(port) : await listenerByLsof(port)
  if (pid === undefined) return undefined
  return `${await nameOf(pid)} (process ${pid})`
}

/** The kernel lists sockets with their inodes, and each process's open files with the inodes of its sockets. */
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
/** IPv6's loopback alone, as the kernel writes it: that leaves IPv4's free, and stands for a port that is chosen. */
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

/** The program, and the script where it is Node. Never more of the command line, for that may hold a secret. */
async function nameOf(pid: number): Promise<string> {
  const [program = '', ...args] = (await text(`/proc/${pid}/cmdline`)).split('\0')
  if (program) return basename(program) === 'node' ? `node ${scriptOf(args)}`.trim() : basename(program)
  const { stdout } = await promisify(execFile)('ps', ['-o', 'comm=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return basename(stdout.trim()) || 'a program'
}

const WITH_VALUE = new Set(['-r', '--require', '--import'])

/** The script that Node runs, without options and their values. Empty where an option may have a value of any kind. */
function scriptOf([first = '', ...rest]: string[]): string {
  if (WITH_VALUE.has(first)) return scriptOf(rest.slice(1))
  return first.startsWith('-') ? '' : basename(first)
}

const text = (file: string) => readFile(file, 'utf8').catch(() => '')
