// Reads the fake's replies with the AWS SDK for JavaScript. Argument: the fake's URL.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const url = process.argv[2];
const messages = [{ role: 'user', content: [{ text: 'hello' }] }];

function client(options) {
  // The SDK would speak HTTP/2, even without TLS.
  const requestHandler = new NodeHttpHandler();
  return new BedrockRuntimeClient({ region: 'us-east-1', endpoint: url, requestHandler, maxAttempts: 1, ...options });
}

function keys(changed) {
  return {
    credentials: {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      ...changed,
    },
  };
}

// All events of a reply, and the name and message of the error that ended it.
async function ask(scenario, bedrock) {
  const events = [];
  try {
    const reply = await bedrock.send(new ConverseStreamCommand({ modelId: `fake.${scenario}-v1:0`, messages }));
    for await (const event of reply.stream) {
      events.push(event);
    }
  } catch (error) {
    return { events, error: [error.name, error.message] };
  }
  return { events, error: null };
}

function deltas(events, kind) {
  return events.map((event) => event.contentBlockDelta?.delta?.[kind]).filter((delta) => delta !== undefined);
}

const bedrock = client(keys());

{
  const { events, error } = await ask('text', bedrock);
  assert.equal(error, null);
  assert.equal(
    deltas(events, 'text').join(''),
    'You said: hello. Every word of this is a frame of its own: ☃, 東京, 🦀.',
  );
  assert.deepEqual(events.at(-2), { messageStop: { stopReason: 'end_turn' } });
  assert.deepEqual(events.at(-1).metadata.usage, { inputTokens: 12, outputTokens: 16, totalTokens: 28 });
}
{
  const { events, error } = await ask('tool-use', bedrock);
  assert.equal(error, null);
  const starts = events.flatMap((event) => event.contentBlockStart?.start?.toolUse ?? []);
  assert.deepEqual(
    starts.map(({ name, toolUseId }) => [name, toolUseId]),
    [['weather', 'tooluse_1'], ['clock', 'tooluse_2']],
  );
  assert.equal(deltas(events, 'toolUse').map(({ input }) => input).join(''), '{"city":"Paris"}');
}
{
  const { events, error } = await ask('reasoning', bedrock);
  assert.equal(error, null);
  const reasoning = deltas(events, 'reasoningContent');
  assert.equal(reasoning.map(({ text }) => text ?? '').join(''), 'The user wants a number.');
  assert.deepEqual([...reasoning.at(-1).redactedContent], [0, 1, 255]);
}
for (const [scenario, name] of [
  ['error-access-denied', 'AccessDeniedException'],
  ['error-internal-server', 'InternalServerException'],
  ['error-model', 'ModelErrorException'],
  ['error-model-not-ready', 'ModelNotReadyException'],
  ['error-model-timeout', 'ModelTimeoutException'],
  ['error-resource-not-found', 'ResourceNotFoundException'],
  ['error-service-unavailable', 'ServiceUnavailableException'],
  ['error-throttling', 'ThrottlingException'],
  ['error-validation', 'ValidationException'],
]) {
  const { events, error } = await ask(scenario, bedrock);
  assert.deepEqual([events, error[0]], [[], name]);
  assert.notEqual(error[1], '');
}
for (const [scenario, name] of [
  ['stream-internal-server', 'InternalServerException'],
  ['stream-model-error', 'ModelStreamErrorException'],
  ['stream-service-unavailable', 'ServiceUnavailableException'],
  ['stream-validation', 'ValidationException'],
]) {
  const { events, error } = await ask(scenario, bedrock);
  assert.deepEqual([deltas(events, 'text'), error[0]], [['It begins'], name]);
}
for (const [changed, name] of [
  [{ secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
  [{ sessionToken: 'wrong' }, 'UnrecognizedClientException'],
]) {
  const { error } = await ask('text', client(keys(changed)));
  assert.equal(error[0], name);
}
for (const [token, name] of [['bedrock-api-key-EXAMPLE', undefined], ['wrong', 'AccessDeniedException']]) {
  const { error } = await ask('text', client({ token: { token }, authSchemePreference: ['httpBearerAuth'] }));
  assert.equal(error?.[0], name);
}
const { version } = JSON.parse(
  readFileSync(new URL('node_modules/@aws-sdk/client-bedrock-runtime/package.json', import.meta.url), 'utf8'),
);
console.log(`the AWS SDK for JavaScript ${version} reads the fake's replies`);
