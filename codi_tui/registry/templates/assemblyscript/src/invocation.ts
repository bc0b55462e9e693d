// What codi hands to a command: {"arguments": {"name": "Ada"}, "command": "@NAME@.greet"} in CODI_INVOCATION.

/** A string argument's value; empty when there is none of that name. */
export function argument(name: string): string {
  const invocation = process.env.get("CODI_INVOCATION");
  const key = '"' + name + '": "';
  let at = invocation.indexOf(key);
  if (at < 0) return "";
  let value = "";
  for (at += key.length; at < invocation.length && invocation.charAt(at) != '"'; at++) {
    if (invocation.charAt(at) != "\\") {
      value += invocation.charAt(at);
      continue;
    }
    at++;
    if (invocation.charAt(at) == "u") {
      value += String.fromCharCode(I32.parseInt(invocation.substr(at + 1, 4), 16));
      at += 4;
    } else {
      value += unescaped(invocation.charAt(at));
    }
  }
  return value;
}

/** codi escapes quotes, backslashes and control characters, nothing else. */
function unescaped(letter: string): string {
  const which = "bfnrt".indexOf(letter);
  return which < 0 ? letter : "\b\f\n\r\t".charAt(which);
}
