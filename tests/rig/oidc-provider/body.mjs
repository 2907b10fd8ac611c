/** The whole body of a request as text. */
export async function readBody(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
