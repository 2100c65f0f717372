/** noise.ts against a public vector of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, both roles, transport included. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPairOf } from '../../src/protocols/wireguard/crypto.ts'
import { nodeAead } from '../../src/protocols/wireguard/index.ts'
import { NoiseInitiator, NoiseResponder } from '../../src/protocols/wireguard/noise.ts'
import { fromHex, readVectors, toHex } from './read-vectors.ts'

interface NoiseTest {
  readonly init_prologue: string
  readonly init_psks: readonly [string]
  readonly init_static: string
  readonly init_ephemeral: string
  readonly init_remote_static: string
  readonly resp_static: string
  readonly resp_ephemeral: string
  readonly handshake_hash: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

const { tests } = readVectors<NoiseTest>('noise-ikpsk2.json')

test('Noise IKpsk2 writes and reads every message of the cacophony vector', () => {
  assert.equal(tests.length, 1)
  for (const vector of tests) {
    const [first, second, ...transport] = vector.messages
    const prologue = fromHex(vector.init_prologue)
    const presharedKey = fromHex(vector.init_psks[0])
    const local = keyPairOf(fromHex(vector.init_static))
    const remote = keyPairOf(fromHex(vector.resp_static))
    assert.equal(toHex(remote.publicKey), vector.init_remote_static)
    const staticShared = local.dh(remote.publicKey)!

    const initiator = new NoiseInitiator({
      prologue,
      local,
      staticShared,
      ephemeral: keyPairOf(fromHex(vector.init_ephemeral)),
      remotePublicKey: remote.publicKey,
    })
    const wire1 = initiator.writeFirst(fromHex(first!.payload))!
    assert.equal(toHex(wire1), first!.ciphertext)

    const responder = new NoiseResponder(prologue, remote)
    assert.deepEqual(Uint8Array.from(responder.readStatic(wire1)!), local.publicKey)
    assert.equal(toHex(responder.readPayload(wire1, staticShared)!), first!.payload)
    const answer = responder.writeSecond({
      ephemeral: keyPairOf(fromHex(vector.resp_ephemeral)),
      presharedKey,
      payload: fromHex(second!.payload),
    })!
    assert.equal(toHex(answer.message), second!.ciphertext)
    assert.equal(toHex(answer.keys.handshakeHash), vector.handshake_hash)

    const read = initiator.readSecond(answer.message, presharedKey)!
    assert.equal(toHex(read.payload), second!.payload)
    assert.equal(toHex(read.keys.handshakeHash), vector.handshake_hash)
    assert.deepEqual(read.keys.send, answer.keys.receive)
    assert.deepEqual(read.keys.receive, answer.keys.send)

    const senders = [nodeAead.key(read.keys.send), nodeAead.key(answer.keys.send)]
    for (const [index, message] of transport.entries()) {
      const payload = fromHex(message.payload)
      const buffer = new Uint8Array(payload.length + 16)
      buffer.set(payload)
      // Turns alternate, and each direction counts for itself.
      senders[index % 2]!.seal(buffer, 0, payload.length, Math.floor(index / 2))
      assert.equal(toHex(buffer), message.ciphertext)
    }
  }
})

test('Noise IKpsk2 reads no second message under another preshared key, and still reads the right one', () => {
  const vector = tests[0]!
  const local = keyPairOf(fromHex(vector.init_static))
  const initiator = new NoiseInitiator({
    prologue: fromHex(vector.init_prologue),
    local,
    staticShared: local.dh(fromHex(vector.init_remote_static))!,
    ephemeral: keyPairOf(fromHex(vector.init_ephemeral)),
    remotePublicKey: fromHex(vector.init_remote_static),
  })
  initiator.writeFirst(fromHex(vector.messages[0]!.payload))
  const wire2 = fromHex(vector.messages[1]!.ciphertext)
  assert.equal(initiator.readSecond(wire2, new Uint8Array(32)), undefined)
  assert.equal(initiator.readSecond(wire2.subarray(0, 40), fromHex(vector.init_psks[0])), undefined)
  assert.ok(initiator.readSecond(wire2, fromHex(vector.init_psks[0])))
})
