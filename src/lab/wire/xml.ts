/** One element. Text and children do not mix in AWS's protocols: `text` is that of an element without children. */
export interface XmlNode {
  name: string;
  text: string;
  children: XmlNode[];
}

const MAX_DEPTH = 64;
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads a request body. Elements, text, CDATA, comments and the declaration; attributes are skipped, namespace
 * prefixes dropped. Refuses DOCTYPE, and with it entities of the sender's own.
 * @throws SyntaxError
 */
export function parseXml(xml: string): XmlNode {
  const top: XmlNode = { name: '', text: '', children: [] };
  const open: XmlNode[] = [top];
  const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w:.-]+)((?:[^<>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)|</g;
  for (const match of xml.matchAll(token)) {
    const [whole, cdata, slash, rawName, , selfClosing, text] = match;
    const at = open.at(-1) ?? top;
    if (cdata !== undefined) at.text += cdata;
    else if (text !== undefined) at.text += decodeEntities(text);
    else if (rawName !== undefined) {
      const name = rawName.replace(/^.*:/, '');
      if (slash === '/') {
        if (open.length === 1 || at.name !== name) throw new SyntaxError(`</${name}> closes nothing`);
        open.pop();
      } else {
        if (open.length > MAX_DEPTH) throw new SyntaxError(`deeper than ${MAX_DEPTH} elements`);
        const node: XmlNode = { name, text: '', children: [] };
        at.children.push(node);
        if (selfClosing !== '/') open.push(node);
      }
    } else if (whole === '<') throw new SyntaxError('not an element');
  }
  const root = top.children[0];
  if (root === undefined || top.children.length > 1 || open.length > 1 || top.text.trim() !== '') {
    throw new SyntaxError('not one whole element');
  }
  return root;
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));?/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (point !== undefined) {
      if (point > 0x10ffff) throw new SyntaxError(`no such character: ${whole}`);
      return String.fromCodePoint(point);
    }
    const known = ENTITIES[name ?? ''];
    if (known === undefined) throw new SyntaxError(`unknown entity ${whole}`);
    return known;
  });
}

/** Text between tags, escaped; carriage returns too, which readers would otherwise fold away. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** `<name>inner</name>`; `inner` is XML already. */
export function element(name: string, inner: string, xmlns?: string): string {
  const attribute = xmlns === undefined || xmlns === '' ? '' : ` xmlns="${escapeXml(xmlns)}"`;
  return `<${name}${attribute}>${inner}</${name}>`;
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
