/** The files that entries name: WireGuard configurations, certificates, passwords. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import type { SecretText } from '../../model/index.ts'
import { parseTunnelSettings } from '../../tunnel/index.ts'
import type { Findings } from './findings.ts'
import type { ServerTlsFiles, SocksUser, TargetTlsFiles, TunnelEntry } from './proxy-config.ts'
import { MAX_FILE_BYTES, type ReadFile } from './read-file.ts'
import type { HttpSpec, SocksSpec, TunnelSpec } from './proxy-spec.ts'

/** Reads each file once, however often it is named. */
export class NamedFiles {
  readonly paths: string[] = []
  readonly #read: ReadFile
  readonly #folder: string
  readonly #findings: Findings
  readonly #texts = new Map<string, Promise<string | undefined>>()

  constructor(o: { readonly read: ReadFile; readonly folder: string; readonly findings: Findings }) {
    this.#read = o.read
    this.#folder = o.folder
    this.#findings = o.findings
  }

  pathOf(name: string): string {
    return resolve(this.#folder, name)
  }

  /** Undefined after a problem was found. */
  text(name: string, field: string, { secret = false } = {}): Promise<string | undefined> {
    const path = this.pathOf(name)
    let text = this.#texts.get(path)
    if (text === undefined) {
      this.paths.push(path)
      text = this.#load(path, { name, field, secret })
      this.#texts.set(path, text)
    }
    return text
  }

  async #load(
    path: string,
    { name, field, secret }: { readonly name: string; readonly field: string; readonly secret: boolean },
  ): Promise<string | undefined> {
    const read = await this.#read(path)
    const refuse = (message: string, hint?: string) =>
      this.#findings.add({ code: 'UnreadableFile', field, message, ...(hint === undefined ? {} : { hint }) })
    switch (read.kind) {
      case 'absent':
        refuse(`there is no file ${name}`)
        return undefined
      case 'unreadable':
        refuse(
          `cannot read ${name}: ${read.why}`,
          'The proxy runs as a plain user: it must be able to read it.',
        )
        return undefined
      case 'too-large':
        this.#findings.add({
          code: 'FileTooLarge',
          field,
          message: `${name} is larger than ${MAX_FILE_BYTES} bytes`,
          hint: 'Check that it is the file you meant.',
        })
        return undefined
      case 'text':
        if (secret && read.othersMayRead) this.#warn(name, field)
        return read.text
    }
  }

  #warn(name: string, field: string): void {
    this.#findings.add({
      code: 'ReadableByOthers',
      field,
      message: `others on this machine can read ${name}, and a secret is in it`,
      hint: `chmod 600 ${name}`,
      severity: 'warning',
    })
  }
}

export interface Reading {
  readonly files: NamedFiles
  readonly findings: Findings
}

export async function readTunnels(
  specs: readonly TunnelSpec[],
  { files, findings }: Reading,
): Promise<readonly TunnelEntry[]> {
  const found: TunnelEntry[] = []
  for (const [index, { name, config }] of specs.entries()) {
    const field = `spec.tunnels[${index}].config`
    if (specs.findIndex((other) => other.name === name) < index) {
      const message = `there are two tunnels called ${name}`
      findings.add({ code: 'InvalidName', field: `spec.tunnels[${index}].name`, message })
    }
    const text = await files.text(config, field, { secret: true })
    if (text === undefined) continue
    const { settings, problems } = parseTunnelSettings(text, { path: config, name })
    findings.take(problems)
    if (settings !== undefined)
      found.push({ name, file: files.pathOf(config), settings, digest: digestOf(text) })
  }
  return found
}

export async function readServerTls(
  tls: HttpSpec['tls'],
  field: string,
  { files, findings }: Reading,
): Promise<ServerTlsFiles | undefined> {
  if (tls === undefined) return undefined
  const cert = await files.text(tls.cert, `${field}.cert`)
  const key = await files.text(tls.key, `${field}.key`, { secret: true })
  if (cert === undefined || key === undefined) return undefined
  const refuse = (part: 'cert' | 'key', message: string): undefined => {
    findings.add({ code: 'InvalidCertificate', field: `${field}.${part}`, message })
  }
  const certificate = attempt(() => new X509Certificate(cert))
  if (certificate === undefined) return refuse('cert', `${tls.cert} has no certificate in PEM`)
  const privateKey = attempt(() => createPrivateKey(key))
  if (privateKey === undefined)
    return refuse('key', `${tls.key} has no private key in PEM without a passphrase`)
  if (!certificate.checkPrivateKey(privateKey))
    return refuse('key', `${tls.key} does not belong to the certificate in ${tls.cert}`)
  return { cert, key: await hidden(key), digest: digestOf(`${cert}\0${key}`) }
}

export async function readTargetTls(
  tls: HttpSpec['targetTls'],
  field: string,
  { files, findings }: Reading,
): Promise<TargetTlsFiles | undefined> {
  if (tls === undefined) return undefined
  const { ca: file, serverName } = tls
  if (file === undefined) return { ca: undefined, serverName }
  const ca = await files.text(file, `${field}.ca`)
  if (ca === undefined) return undefined
  if (attempt(() => new X509Certificate(ca)) === undefined)
    findings.add({
      code: 'InvalidCertificate',
      field: `${field}.ca`,
      message: `${file} has no certificate in PEM`,
    })
  return { ca, serverName }
}

/** Undefined: everybody may. */
export async function readUsers(
  users: SocksSpec['users'],
  field: string,
  { files, findings }: Reading,
): Promise<readonly SocksUser[] | undefined> {
  if (users === undefined) return undefined
  const found: SocksUser[] = []
  for (const [index, { name, passwordFile }] of users.entries()) {
    const place = `${field}[${index}]`
    if (Buffer.byteLength(name) > 255)
      findings.add({
        code: 'InvalidValue',
        field: `${place}.name`,
        message: 'longer than 255 bytes (RFC 1929)',
      })
    const text = await files.text(passwordFile, `${place}.passwordFile`, { secret: true })
    if (text === undefined) continue
    const password = text.split(/\r?\n/, 1)[0] ?? ''
    if (password === '' || Buffer.byteLength(password) > 255) {
      const message = `the first line of ${passwordFile} has no password of 1 to 255 bytes`
      findings.add({ code: 'InvalidValue', field: `${place}.passwordFile`, message })
    }
    found.push({ name, password: await hidden(password) })
  }
  return found
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** Loaded for those who have such a secret: it comes with the schemas of every kind. */
async function hidden(text: string): Promise<SecretText> {
  const { secretText } = await import('../../model/index.ts')
  return secretText(text)
}

/** What a stranger's PEM does to the parser is only that it does not parse. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
