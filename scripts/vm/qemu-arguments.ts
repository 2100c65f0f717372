/**
 * QEMU's arguments: the plain `pc` machine without defaults, emulated, memory shared with the
 * file server (vhost-user needs that), a console into a file and three virtio ports into sockets.
 */
import { join } from 'node:path'
import type { MachineImage } from './prepare.ts'

export interface QemuArgumentsOptions {
  readonly job: string
  readonly image: MachineImage
  readonly memoryMb?: number
  readonly out?: string
}

export function qemuArguments({ job, image, memoryMb = 2048, out = '' }: QemuArgumentsOptions): string[] {
  const ports = ['stdout', 'stderr', 'status'].flatMap((name, index) => [
    ...['-chardev', `socket,id=${name},path=${join(job, name)}`],
    ...['-device', `virtserialport,nr=${index + 1},chardev=${name}`],
  ])
  // QEMU 7.2's cmpxchg16b leaves an operand in the flags, and newer kernels allocate memory by it: double faults.
  // With two processors, code that one of them writes is now and then run stale by the other: V8 dies of it.
  const processor = ['-cpu', 'max,cx16=off', '-smp', '1']
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-accel', 'tcg,tb-size=512', ...processor, '-m', String(memoryMb)],
    ...[
      '-object',
      `memory-backend-memfd,id=memory,size=${memoryMb}M,share=on`,
      '-numa',
      'node,memdev=memory',
    ],
    ...['-kernel', image.kernel, '-initrd', image.ramdisk, '-append', kernelArguments(job, out)],
    ...['-serial', `file:${join(job, 'console')}`, '-device', 'virtio-serial-pci'],
    ...ports,
    ...['-chardev', `socket,id=files,path=${join(job, 'files')}`],
    ...['-device', 'vhost-user-fs-pci,chardev=files,tag=host,queue-size=1024'],
  ]
}

/** A crash must end the machine (panic=-1 with -no-reboot); the rest saves time that emulation makes dear. */
function kernelArguments(job: string, out: string): string {
  const crash = 'reboot=t panic=-1 oops=panic'
  const speed =
    'mitigations=off nokaslr no_timer_check tsc=reliable audit=0 apparmor=0 cryptomgr.notests nowatchdog rcupdate.rcu_expedited=1'
  // Names without a dot reach the first process as environment variables.
  return `console=ttyS0 loglevel=4 ${crash} ${speed} WARREN_JOB=${job} WARREN_OUT=${out}`
}
