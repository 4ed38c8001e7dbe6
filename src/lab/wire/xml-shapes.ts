import type { Member, StructureShape } from '../../aws/schemas.ts';
import { WireError } from './message.ts';
import { readScalar, writeScalar } from './scalars.ts';
import { element, escapeXml, type XmlNode } from './xml.ts';

type Fields = Record<string, unknown>;

/** Writes the members of a structure as elements, in the order of the schema. `skip` those bound elsewhere. */
export function writeStructure(shape: StructureShape, value: Fields, skip?: (member: Member) => boolean): string {
  let xml = '';
  for (const [name, member] of shape.members) {
    const field = value[name];
    if (field === undefined || field === null || skip?.(member)) continue;
    xml += writeMember(member.traits.xmlName ?? name, member, field);
  }
  return xml;
}

function writeMember(name: string, member: Member, value: unknown): string {
  const { shape, traits } = member;
  switch (shape.type) {
    case 'structure':
      return element(name, writeStructure(shape, value as Fields));
    case 'list': {
      const flat = traits.xmlFlattened === 1;
      const itemName = flat ? name : (shape.member.traits.xmlName ?? 'member');
      const items = (value as unknown[]).map((item) => writeMember(itemName, shape.member, item)).join('');
      return flat ? items : element(name, items);
    }
    case 'map': {
      const flat = traits.xmlFlattened === 1;
      const entries = Object.entries(value as Fields).map(([key, item]) => {
        const keyXml = writeMember(shape.key.traits.xmlName ?? 'key', shape.key, key);
        const valueXml = writeMember(shape.value.traits.xmlName ?? 'value', shape.value, item);
        return element(flat ? name : 'entry', keyXml + valueXml);
      });
      return flat ? entries.join('') : element(name, entries.join(''));
    }
    default:
      return element(name, escapeXml(writeScalar(value, shape, 'date-time')));
  }
}

/** Reads the children of a node into the members of a structure; unknown elements are left out. */
export function readStructure(shape: StructureShape, node: XmlNode, skip?: (member: Member) => boolean): Fields {
  const fields: Fields = {};
  for (const [name, member] of shape.members) {
    if (skip?.(member)) continue;
    const wireName = member.traits.xmlName ?? name;
    const found = node.children.filter((child) => child.name === wireName);
    if (found.length > 0) fields[name] = readMember(member, found, name);
  }
  return fields;
}

function readMember(member: Member, nodes: XmlNode[], name: string): unknown {
  const { shape, traits } = member;
  const [first] = nodes;
  if (first === undefined) return undefined;
  switch (shape.type) {
    case 'structure':
      return readStructure(shape, first);
    case 'list': {
      const itemName = shape.member.traits.xmlName ?? 'member';
      const items = traits.xmlFlattened === 1 ? nodes : first.children.filter((child) => child.name === itemName);
      return items.map((item) => readMember(shape.member, [item], name));
    }
    case 'map': {
      const entries = traits.xmlFlattened === 1 ? nodes : first.children.filter((child) => child.name === 'entry');
      return Object.fromEntries(entries.map((entry) => readEntry(shape.key, shape.value, entry, name)));
    }
    default:
      if (first.children.length > 0) throw new WireError('MalformedXML', 400, `${name} holds elements, not text`);
      return readScalar(first.text, shape, name);
  }
}

function readEntry(keyMember: Member, valueMember: Member, entry: XmlNode, name: string): [string, unknown] {
  const keyName = keyMember.traits.xmlName ?? 'key';
  const valueName = valueMember.traits.xmlName ?? 'value';
  const key = entry.children.find((child) => child.name === keyName)?.text ?? '';
  const values = entry.children.filter((child) => child.name === valueName);
  return [key, readMember(valueMember, values, name)];
}
