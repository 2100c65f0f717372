/** Whether a time service says that the clock is right. Null where none says anything. */
import { existsSync, statSync } from 'node:fs'

/** systemd-timesyncd touches it at each synchronisation; chronyd and ntpd keep files of their own. */
const SYNCHRONISED = '/run/systemd/timesync/synchronized'
const OTHERS = ['/run/chrony/chronyd.pid', '/run/chronyd.pid', '/run/ntpd.pid', '/run/openntpd.pid']

export function clockSynchronised(): boolean | null {
  if (existsSync(SYNCHRONISED)) return true
  if (OTHERS.some((path) => existsSync(path))) return true
  return isRunning('/run/systemd/timesync') ? false : null
}

function isRunning(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
}
