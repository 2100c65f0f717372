/**
 * Warren as a user of the npm package has it: compiled JavaScript, no src, dependencies beside it. Made in a folder
 * of its own, so the working tree gets no dist that could be mistaken for the sources.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Fills the empty folder and returns the path of its `bin/warren`. */
export function stagePackage(folder: string): string {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: readonly string[] }
  const out = join(folder, 'dist')
  execFileSync(process.execPath, [compiler(), '-p', 'tsconfig.build.json', '--noCheck', '--outDir', out], {
    stdio: 'pipe',
  })
  for (const file of files.filter((name) => name !== 'dist')) {
    cpSync(file, join(folder, file), { recursive: true })
  }
  cpSync('package.json', join(folder, 'package.json'))
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  return join(folder, 'bin/warren')
}

function compiler(): string {
  return resolve('node_modules/typescript/bin/tsc')
}
