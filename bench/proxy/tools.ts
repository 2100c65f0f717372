/**
 * nginx and wrk: this machine's own, or Debian's, downloaded and unpacked into .cache/bench-proxy, never installed.
 * The far end of the tunnel is wireguard-go: the newest, where Go can build it (and keeps it in its own cache), since
 * the one of Debian 12 knows no UDP segmentation and would be what is measured.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HOST_LISTS, unpackPackages } from '../../scripts/vm/debian-packages.ts'
import { findTool } from '../../test/harness/tools.ts'

const FOLDER = resolve('.cache/bench-proxy')
const PACKAGES = ['nginx', 'wrk', 'libluajit-5.1-2', 'libluajit-5.1-common']
const NEWEST_WIREGUARD_GO = 'golang.zx2c4.com/wireguard@latest'

export interface BenchTools {
  readonly nginx: string
  readonly wrk: string
  /** What the two need to find their libraries. */
  readonly env: Readonly<Record<string, string>>
  readonly wireguardGo: string
  readonly wireguardGoVersion: string
}

export function prepareTools(say: (line: string) => void): BenchTools {
  const own = { nginx: findTool('nginx'), wrk: findTool('wrk') }
  if ((own.nginx === undefined || own.wrk === undefined) && !existsSync(FOLDER))
    unpackPackages(PACKAGES, FOLDER, HOST_LISTS)
  const wireguardGo = process.env['WARREN_BENCH_PEER'] ?? newestWireguardGo(say) ?? findTool('wireguard-go')
  if (wireguardGo === undefined) throw new Error('no wireguard-go: apt-get install wireguard-go')
  return {
    nginx: own.nginx ?? join(FOLDER, 'usr/sbin/nginx'),
    wrk: own.wrk ?? join(FOLDER, 'usr/bin/wrk'),
    env: { LD_LIBRARY_PATH: join(FOLDER, 'usr/lib/x86_64-linux-gnu') },
    wireguardGo,
    wireguardGoVersion: versionOf(wireguardGo),
  }
}

function newestWireguardGo(say: (line: string) => void): string | undefined {
  if (findTool('go') === undefined) return undefined
  const folder = resolve('.cache/bench-proxy-go')
  const program = join(folder, 'wireguard')
  if (existsSync(program)) return program
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' }
  try {
    execFileSync('go', ['install', NEWEST_WIREGUARD_GO], { env, stdio: 'pipe' })
    return program
  } catch (error) {
    say(`the newest wireguard-go cannot be built: ${(error as Error).message}`)
    return undefined
  }
}

/** A program made by `go install` says "unknown" of itself, but keeps the version of its module. */
function versionOf(program: string): string {
  try {
    const text = execFileSync('go', ['version', '-m', program], { encoding: 'utf8', stdio: 'pipe' })
    const version = /mod\s+golang\.zx2c4\.com\/wireguard\s+v([\d.]+-\d{8})?/.exec(text)?.[1]
    if (version !== undefined) return version
  } catch {
    // Not a program of Go's, or no Go here: it is asked itself.
  }
  return (
    /v?(\d+\.\d+\.\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  )
}
