import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from './pages.ts';

/*
 * Every page that dr makes, in a real Chromium. Pictures and PDF files are left in coverage/pages for people to look at.
 * Debian: apt-get install chromium. Elsewhere: CHROMIUM=/path/to/it.
 */
const found = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path));
const shown = fileURLToPath(new URL('../../coverage/pages/', import.meta.url));
const NAMES = ['report-good', 'report-failed', 'report-lab', 'evidence-index', 'history'] as const;
const LOOKS: Record<string, BrowserContextOptions> = {
  wide: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  'dark-phone': { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
};

/** What is wider than the window; what may be scrolled inside of its own box is not. Run in the page, which has its own globals. */
const STICKS_OUT = `[...document.querySelectorAll('body *')].filter((e) => e.closest('.scroll') === null && getComputedStyle(e).clipPath === 'none' && e.closest('thead') === null && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 160))`;
const sticksOut = async (page: Page): Promise<string[]> => (await page.evaluate<string[]>(STICKS_OUT)).slice(0, 5);

if (found === undefined) console.warn('There is no Chromium here: the pages are not opened in one. Debian: apt-get install chromium; elsewhere: CHROMIUM=/path/to/it');

describe.skipIf(found === undefined)('in Chromium', () => {
  let browser: Browser;
  let files: Record<string, string> = {};
  const folders = new Set<string>();

  beforeAll(async () => {
    rmSync(shown, { recursive: true, force: true });
    mkdirSync(shown, { recursive: true });
    files = await pages();
    browser = await chromium.launch({ executablePath: found ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    for (const file of Object.values(files)) folders.add(/^.*?dr-pages-[^/]+/.exec(file)?.[0] ?? '');
    for (const folder of folders) if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  /** Opens a page; returns what the browser had to say, and every address that it asked for. */
  async function open(name: string, look: BrowserContextOptions): Promise<{ page: Page; said: string[]; asked: string[] }> {
    const page = await browser.newPage(look);
    const [said, asked]: [string[], string[]] = [[], []];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(files[name] ?? '').href);
    return { page, said, asked };
  }

  describe.each(NAMES)('%s', (name) => {
    it.each(Object.entries(LOOKS))('%s: says nothing, asks for nothing, fits, and axe finds nothing', async (look, options) => {
      const { page, said, asked } = await open(name, options);
      try {
        await page.screenshot({ path: join(shown, `${name}-${look}.png`) });
        await page.screenshot({ path: join(shown, `${name}-${look}-whole.png`), fullPage: true });
        expect(said).toEqual([]);
        expect(asked).toEqual([pathToFileURL(files[name] ?? '').href]);
        expect(await sticksOut(page)).toEqual([]);
        // The page's policy stops a script of the page, not one of the debugger.
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
      } finally {
        await page.close();
      }
    });

    it('shows the verdict and its figures on the first screen, also of a phone', async () => {
      for (const look of ['wide', 'phone']) {
        const { page } = await open(name, LOOKS[look] ?? {});
        const box = await page.locator('.verdict').boundingBox();
        const card = await page.locator('.card').first().boundingBox();
        await page.close();
        const height = LOOKS[look]?.viewport?.height ?? 0;
        expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(height);
        expect((card?.y ?? Infinity) + (card?.height ?? 0)).toBeLessThan(height);
      }
    });

    it.each(['A4', 'Letter'] as const)('prints to %s, and no heading or row is cut off at the side', async (format) => {
      const { page } = await open(name, LOOKS.wide ?? {});
      const pdf = await page.pdf({ format });
      writeFileSync(join(shown, `${name}-${format}.pdf`), pdf);
      // What is wider than the paper is cut: at the width of the printed sheet nothing may stick out.
      await page.emulateMedia({ media: 'print' });
      await page.setViewportSize({ width: format === 'A4' ? 703 : 725, height: 1000 });
      const out = await sticksOut(page);
      await page.close();
      const count = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
      console.log(`${name}: ${count} pages of ${format}`);
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThanOrEqual(14);
      expect(out).toEqual([]);
    });
  });

  it('the test can fail: a page with a script, a picture from outside and a bare button', async () => {
    const file = join(dirname(files['report-good'] ?? ''), 'bad.html');
    writeFileSync(file, '<html><body><button></button><img src="http://127.0.0.1:9/x.png"><script>console.error("no")</script></body></html>');
    files = { ...files, bad: file };
    const { page, said, asked } = await open('bad', LOOKS.wide ?? {});
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    await page.close();
    expect(said.join()).toContain('no');
    expect(asked.length).toBeGreaterThan(1);
    expect(violations.map(({ id }) => id)).toContain('button-name');
  });
});
