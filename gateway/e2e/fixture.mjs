// A server with what the conformance suite asks for, in both eras: up to 2025-11-25 with sessions, by the SDK; 2026-07-28
// stateless, by hand. PORT says where it listens.
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as types from '@modelcontextprotocol/sdk/types.js';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const text = (t) => ({ type: 'text', text: t });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const embedded = (uri, t) => ({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: t } });
const object = (properties = {}, required = []) => ({ type: 'object', properties, required });
const string = { type: 'string' };

const SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: string, city: string } } },
  properties: {
    name: string, address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] }, phone: string, email: string,
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] }, else: { required: ['email'] }, additionalProperties: false,
};

// Each tool: its schema, and what it does with the arguments; `ask` speaks to the client while the call is open.
const tools = {
  test_simple_text: [object(), () => [text('This is a simple text response for testing.')]],
  test_image_content: [object(), () => [image]],
  test_audio_content: [object(), () => [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]],
  test_embedded_resource: [object(), () => [embedded('test://embedded-resource', 'This is an embedded resource content.')]],
  test_multiple_content_types: [object(), () => [
    text('Multiple content types test:'), image, embedded('test://mixed-content-resource', '{"test":"data","value":123}'),
  ]],
  test_error_handling: [object(), () => { throw new Error('This tool intentionally returns an error for testing'); }],
  test_tool_with_logging: [object(), async (_, ask) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ask.notify('notifications/message', { level: 'info', data });
      await new Promise((done) => setTimeout(done, 50));
    }
    return [text('Tool with logging executed successfully')];
  }],
  test_tool_with_progress: [object(), async (_, ask) => {
    for (const progress of [0, 50, 100]) {
      await ask.notify('notifications/progress', { progressToken: ask.token ?? 0, progress, total: 100 });
      await new Promise((done) => setTimeout(done, 50));
    }
    return [text(String(ask.token ?? 0))];
  }],
  test_sampling: [object({ prompt: string }, ['prompt']), async ({ prompt }, ask) => {
    const answer = await ask.request('sampling/createMessage', types.CreateMessageResultSchema,
      { messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 });
    return [text(`LLM response: ${answer.content.text}`)];
  }],
  test_elicitation: [object({ message: string }, ['message']), ({ message }, ask) => elicit(ask, message,
    object({ username: { ...string, description: "User's response" }, email: { ...string, description: "User's email address" } }, ['username', 'email']))],
  test_elicitation_sep1034_defaults: [object(), (_, ask) => elicit(ask, 'Please review and update the form fields with defaults', object({
    name: { ...string, description: 'User name', default: 'John Doe' },
    age: { type: 'integer', description: 'User age', default: 30 },
    score: { type: 'number', description: 'User score', default: 95.5 },
    status: { ...string, description: 'User status', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', description: 'Verification status', default: true },
  }))],
  test_elicitation_sep1330_enums: [object(), (_, ask) => {
    const titled = [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${['First', 'Second', 'Third'][n - 1]} Option` }));
    return elicit(ask, 'Please select options from the enum fields', object({
      untitledSingle: { ...string, enum: ['option1', 'option2', 'option3'] },
      titledSingle: { ...string, oneOf: titled },
      legacyEnum: { ...string, enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
      untitledMulti: { type: 'array', items: { ...string, enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: titled } },
    }));
  }],
  json_schema_2020_12_tool: [SCHEMA_2020_12, () => [text('fine')]],
};

async function elicit(ask, message, requestedSchema) {
  const answer = await ask.request('elicitation/create', types.ElicitResultSchema, { message, requestedSchema });
  return [text(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`)];
}

const listed = Object.entries(tools).map(([name, [inputSchema]]) => ({ name, description: `${name}, for conformance`, inputSchema }));
const resources = [
  { uri: 'test://static-text', name: 'Static text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'Static binary', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'Watched', mimeType: 'text/plain' },
];
const templates = [{ uriTemplate: 'test://template/{id}/data', name: 'Template', mimeType: 'application/json' }];
const argument = (name) => ({ name, description: name, required: true });
const prompts = [
  { name: 'test_simple_prompt', description: 'A simple prompt' },
  { name: 'test_prompt_with_arguments', description: 'Arguments', arguments: [argument('arg1'), argument('arg2')] },
  { name: 'test_prompt_with_embedded_resource', description: 'A resource', arguments: [argument('resourceUri')] },
  { name: 'test_prompt_with_image', description: 'An image' },
];

class NotThere extends Error {}

function read(uri) {
  const id = /^test:\/\/template\/(.+)\/data$/.exec(uri)?.[1];
  if (id) return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }] };
  if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: PNG }] };
  if (!resources.some((r) => r.uri === uri)) throw new NotThere(`Resource ${uri} not found`);
  return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] };
}

function prompt(name, given = {}) {
  const message = (content) => ({ role: 'user', content });
  switch (name) {
    case 'test_simple_prompt': return { messages: [message(text('This is a simple prompt for testing.'))] };
    case 'test_prompt_with_arguments': return { messages: [message(text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`))] };
    case 'test_prompt_with_embedded_resource': return { messages: [message(embedded(given.resourceUri, 'Embedded resource content for testing.')), message(text('Please process the embedded resource above.'))] };
    case 'test_prompt_with_image': return { messages: [message(image), message(text('Please analyze the image above.'))] };
    default: throw new NotThere(`Prompt ${name} not found`);
  }
}

async function call(name, given, ask) {
  const tool = tools[name];
  if (!tool) throw new NotThere(`Unknown tool: ${name}`);
  try {
    return { content: await tool[1](given ?? {}, ask) };
  } catch (error) {
    return { content: [text(error.message)], isError: true };
  }
}

function legacy() {
  const server = new Server({ name: 'fixture', version: '1.0.0' }, {
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, prompts: { listChanged: true }, logging: {}, completions: {} },
  });
  const on = (schema, handler) => server.setRequestHandler(schema, async (request, extra) => {
    try {
      return await handler(request.params ?? {}, extra);
    } catch (error) {
      throw error instanceof NotThere ? new types.McpError(-32602, error.message) : error;
    }
  });
  on(types.ListToolsRequestSchema, () => ({ tools: listed }));
  on(types.CallToolRequestSchema, (params, extra) => call(params.name, params.arguments, {
    token: params._meta?.progressToken,
    notify: (method, p) => extra.sendNotification({ method, params: p }),
    request: (method, schema, p) => extra.sendRequest({ method, params: p }, schema),
  }));
  on(types.ListResourcesRequestSchema, () => ({ resources }));
  on(types.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
  on(types.ReadResourceRequestSchema, (params) => read(params.uri));
  on(types.SubscribeRequestSchema, () => ({}));
  on(types.UnsubscribeRequestSchema, () => ({}));
  on(types.ListPromptsRequestSchema, () => ({ prompts }));
  on(types.GetPromptRequestSchema, (params) => prompt(params.name, params.arguments));
  on(types.SetLevelRequestSchema, () => ({}));
  on(types.CompleteRequestSchema, () => ({ completion: { values: ['paris', 'park'], total: 2, hasMore: false } }));
  return server;
}

const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol/';

async function modern(message, headers) {
  const meta = message.params?._meta ?? {};
  const fail = (status, code, text, data) => [status, { error: { code, message: text, data } }];
  const said = meta[`${META}protocolVersion`];
  if (!said || !meta[`${META}clientCapabilities`]) return fail(400, -32602, 'Invalid params: _meta is incomplete');
  const p = message.params;
  const named = { 'tools/call': p.name, 'prompts/get': p.name, 'resources/read': p.uri }[message.method];
  if (headers['mcp-protocol-version'] !== said || headers['mcp-method'] !== message.method || (named && headers['mcp-name'] !== named)) {
    return fail(400, -32020, 'Header mismatch');
  }
  if (said !== VERSION) return fail(400, -32022, 'Unsupported protocol version', { supported: [VERSION], requested: said });
  const cached = (result) => ({ ...result, ttlMs: 60000, cacheScope: 'public' });
  const silent = { token: meta.progressToken, notify: async () => {}, request: async () => { throw new Error('not in this era'); } };
  const methods = {
    'server/discover': () => cached({ supportedVersions: [VERSION], capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} }, _meta: { [`${META}serverInfo`]: { name: 'fixture', version: '1.0.0' } } }),
    'tools/list': () => cached({ tools: listed }),
    'tools/call': () => call(p.name, p.arguments, silent),
    'resources/list': () => cached({ resources }),
    'resources/templates/list': () => cached({ resourceTemplates: templates }),
    'resources/read': () => cached(read(p.uri)),
    'prompts/list': () => cached({ prompts }),
    'prompts/get': () => prompt(p.name, p.arguments),
    'completion/complete': () => ({ completion: { values: ['paris'], total: 1, hasMore: false } }),
  };
  const method = methods[message.method];
  if (!method) return fail(404, -32601, `Method not found: ${message.method}`);
  try {
    return [200, { result: { resultType: 'complete', ...(await method()) } }];
  } catch (error) {
    return [200, { error: { code: -32602, message: error.message } }];
  }
}

const sessions = new Map();

http.createServer(async (request, response) => {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const origin = request.headers.origin;
  const local = (name) => ['localhost', '127.0.0.1', '[::1]'].includes(name);
  if (!local(host) || (origin && !local(new URL(origin).hostname))) return response.writeHead(403).end();
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let message;
  try {
    message = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
  } catch {
    response.writeHead(400, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }));
  }
  const version = message?.params?._meta?.[`${META}protocolVersion`];
  if (version || request.headers['mcp-protocol-version'] === VERSION) {
    if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end();
    if (message.id === undefined) return response.writeHead(202).end();
    const [status, body] = await modern(message, request.headers);
    response.writeHead(status, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ ...body, jsonrpc: '2.0', id: message.id }));
  }
  const id = request.headers['mcp-session-id'];
  let transport = sessions.get(id);
  if (!transport && message?.method === 'initialize' && !id) {
    transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (sid) => sessions.set(sid, transport) });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await legacy().connect(transport);
  }
  if (!transport) {
    response.writeHead(id ? 404 : 400, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: id ? -32001 : -32000, message: id ? 'Session not found' : 'Bad Request: no session' } }));
  }
  await transport.handleRequest(request, response, message);
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
