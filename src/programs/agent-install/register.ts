/** `warren agent install|upgrade|uninstall`: names, options and help; the rest is loaded when it is to happen. */
import type { Command } from 'commander'

import { positiveInteger } from '../options.ts'
import type { InstallFlags, UninstallFlags, UpgradeFlags } from './run-install.ts'

export const registerInstallation = (agent: Command): void => {
  registerInstall(agent)
  registerUpgrade(agent)
  registerUninstall(agent)
}

const registerInstall = (agent: Command): void => {
  agent
    .command('install')
    .summary('make the agent a service of this machine')
    .description(
      'Copies this program to /usr/local/lib/warren, makes it a systemd service with only the rights that keeping a network takes, and starts it.',
    )
    .argument('[flags...]', 'after --: flags that the agent is to run with')
    .option('--containers', 'let it enter the network namespaces of containers')
    .option('--from <dir>', 'install the warren that lies there instead of this one')
    .option('--no-start', 'start it at the next boot only')
    .option('--root <dir>', 'prepare a tree for another machine: no systemctl is run', '/')
    .option('--dry-run', 'print the commands, change nothing')
    .addHelpText(
      'after',
      `
Examples:
  warren agent install                          follow the plans in /etc/warren/plans
  warren agent install --containers -- --node phy01 --source file:/srv/plans
  warren agent install --dry-run                what would be done, as commands`,
    )
    .action(async (agentFlags: string[], options: Omit<InstallFlags, 'agentFlags'>) => {
      const { runInstall } = await import('./run-install.ts')
      runInstall({ ...options, agentFlags })
    })
}

const registerUpgrade = (agent: Command): void => {
  agent
    .command('upgrade')
    .summary('run another version, or go back to this one')
    .description(
      'Installs this program beside the version that runs, changes over, and goes back by itself unless the new agent is as well as the old one was. Tunnels are not touched.',
    )
    .option('--from <dir>', 'take the warren that lies there instead of this one')
    .option('--containers', 'let it enter the network namespaces of containers')
    .option('--no-containers', 'take that right away')
    .option(
      '--within <seconds>',
      'how long the new agent may take',
      (text) => `${positiveInteger(text)}`,
      '60',
    )
    .option('--dry-run', 'print the commands, change nothing')
    .addHelpText(
      'after',
      `
Examples:
  ./bin/warren agent upgrade                    from the folder of the new version
  warren agent upgrade --from /tmp/warren-0.2   the same`,
    )
    .action(async (options: UpgradeFlags) => {
      const { runUpgrade } = await import('./run-install.ts')
      await runUpgrade(options)
    })
}

const registerUninstall = (agent: Command): void => {
  agent
    .command('uninstall')
    .summary('take the service and the program away')
    .description(
      'Stops the agent and takes away its service and program. Its network goes on carrying traffic, and plans and keys stay, unless you say otherwise.',
    )
    .option('--remove-network', 'first take away every interface, route and rule of ours')
    .option('--purge', 'also plans, local bounds, keys and what the agent remembers')
    .option('--root <dir>', 'a prepared tree instead of this machine', '/')
    .option('--dry-run', 'print the commands, change nothing')
    .addHelpText(
      'after',
      `
Examples:
  warren agent uninstall                             the network goes on
  warren agent uninstall --remove-network --purge    as if it had never been`,
    )
    .action(async (options: UninstallFlags) => {
      const { runUninstall } = await import('./run-install.ts')
      runUninstall(options)
    })
}
