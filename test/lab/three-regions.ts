import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const OSAKA = 'ap-northeast-3';

/** shop with a second standby, in Osaka. Weighted records, for a pair of PRIMARY and SECONDARY has no room for a third. */
export async function shopInThree(folder: string): Promise<string> {
  const shop = await readFile(join(import.meta.dirname, '..', '..', 'runbooks', 'shop.yaml'), 'utf8');
  const also = (text: string, found: string, more: string): string => {
    if (!text.includes(found)) throw new Error(`shop.yaml has no ${found}`);
    return text.replace(found, more);
  };
  let text = also(shop, `  ${TOKYO}: { name: Tokyo }`, `  ${TOKYO}: { name: Tokyo }\n  ${OSAKA}: { name: Osaka }`);
  text = also(text, `${TOKYO}: shop-orders-tokyo }`, `${TOKYO}: shop-orders-tokyo, ${OSAKA}: shop-orders-osaka }`);
  text = also(text, `${TOKYO}: sg-0bbbbbbbbbbbbbbbb }`, `${TOKYO}: sg-0bbbbbbbbbbbbbbbb, ${OSAKA}: sg-0dddddddddddddddd }`);
  text = also(text, `${TOKYO}: shop-api }`, `${TOKYO}: shop-api, ${OSAKA}: shop-api }`);
  text = also(text, `${TOKYO}: "arn:aws:sns:${TOKYO}:111122223333:dr"`, `${TOKYO}: "arn:aws:sns:${TOKYO}:111122223333:dr"\n      ${OSAKA}: "arn:aws:sns:${OSAKA}:111122223333:dr"`);
  text = text
    .replace(/ {2}storefront:[\s\S]*?\n\n/, `  storefront:
    kind: route53-weighted
    zone: Z0123456789ABCDEFGHIJ
    record: { name: shop.example.com, type: A }
    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo, ${OSAKA}: osaka }
    weights: { ${SEOUL}: 100, ${TOKYO}: 100, ${OSAKA}: 100 }
    switch: record

`)
    .replace(/( hold: )\w+/, '$12s');
  const path = join(folder, 'shop-in-three.yaml');
  await writeFile(path, text);
  return path;
}
