/**
 * The packet scripts of scripts/: what the RFCs say a TCP does, each as a scenario with the segments and their times.
 * README.md has the language.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseScript } from './script/parse-script.ts'
import { runScenario } from './script/run-scenario.ts'

const FOLDER = fileURLToPath(new URL('scripts/', import.meta.url))

for (const file of globSync(`${FOLDER}*.packets`).toSorted()) {
  describe(basename(file, '.packets'), () => {
    for (const scenario of parseScript(readFileSync(file, 'utf8'))) {
      test(scenario.name, () => runScenario(scenario, { file: `scripts/${basename(file)}` }))
    }
  })
}
