// A model that follows a script, for agents that need one: it calls each of the given tools once, in order, and then says what
// it was told. It speaks as much of OpenAI's chat completions as OpenClaw asks for.
import http from 'node:http';

// `plan` is a list of [tool, arguments]; what the agent offered and answered is gathered in `seen`.
export function startModel(plan) {
  const seen = { offered: new Set(), results: [] };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (!request.url.endsWith('/chat/completions')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end('{"object":"list","data":[]}');
    }
    const { messages, tools = [] } = JSON.parse(Buffer.concat(chunks));
    tools.forEach((tool) => seen.offered.add(tool.function.name));
    const results = messages.filter((message) => message.role === 'tool').map(({ content }) =>
      typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(''));
    if (results.length > seen.results.length) seen.results = results;
    // Other requests of the agent, for a title, say, offer no tools and are only answered.
    const next = tools.length > 0 ? plan[results.length] : undefined;
    const delta = next
      ? { role: 'assistant', content: null, tool_calls: [{ index: 0, id: `call_${results.length}`, type: 'function', function: { name: next[0], arguments: JSON.stringify(next[1]) } }] }
      : { role: 'assistant', content: `The script is at its end after ${results.length} results.` };
    const chunk = (choice, usage) => `data: ${JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices: [{ index: 0, ...choice }], usage })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ delta, finish_reason: null }));
    response.write(chunk({ delta: {}, finish_reason: next ? 'tool_calls' : 'stop' }, { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }));
    response.end('data: [DONE]\n\n');
  });
  return new Promise((ready) => {
    server.listen(0, '127.0.0.1', () => ready({ seen, url: `http://127.0.0.1:${server.address().port}/v1`, close: () => server.close() }));
  });
}
