/** `warren import`: what is there already, as objects. */
import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('import')
    .summary('turn what is there already into objects')
    .description(
      'Prints objects for what is there already: WireGuardInterfaces for wg-quick files and the output of ' +
        '`wg showconf`, NetlinkInterfaces too for the files of systemd-networkd and netplan, and both, without ' +
        'arguments, for what runs on this machine. Nothing is changed: the first `warren plan --live` after it is ' +
        'empty. What an object has no word for is listed. Private and preshared keys go to a file of their own, ' +
        'readable by its owner only; they are never printed.',
    )
    .argument(
      '[files...]',
      'wg-quick, .netdev, .network and netplan files, folders of them, or `-` for `wg showconf` on standard input; none: this machine',
    )
    .option('--node <name>', "the node they belong to (default: this machine's name)")
    .option('--interface <name>', 'what the interface is called, when it comes from standard input')
    .option('--secrets <file>', 'where keys go (default: NODE-INTERFACE.secrets.yaml)')
    .addHelpText(
      'after',
      `
Examples:
  warren import > here.yaml                                 this machine
  warren import /etc/wireguard/wg0.conf > wg0.yaml          keys to rpi4-wg0.secrets.yaml, on rpi4
  warren import /etc/systemd/network > here.yaml            what systemd-networkd makes here
  warren import /etc/netplan > here.yaml                    what netplan does
  wg showconf wg0 | warren import - --interface wg0 --node rpi4 > rpi4.yaml
  warren plan --live wg0.yaml rpi4-wg0.secrets.yaml         nothing to do, on rpi4`,
    )
    .action(async (files: string[], options) => {
      const { runImport } = await import('./host/run-import.ts')
      await runImport(files, options)
    })
}
