// How servers that read no PORT are told their port: command lines in, command lines out.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { SERVERS } from "../../src/project/servers.ts";
import { lastCommand } from "../../src/project/shell-words.ts";
import { tellPort } from "../../src/project/told-port.ts";

const folder = mkdtempSync(join(tmpdir(), "moorage-scripts-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const scripts = {
    dev: "vite",
    "dev:host": "NODE_ENV=test cross-env A=b vite --host",
    both: "tsc --watch & vite",
    checked: "tsc && vite dev",
    logged: "vite > vite.log 2>&1",
    piped: "vite | tee vite.log",
    behind: "vite &",
    commented: "vite # the server",
    grouped: "(cd . && vite)",
    twice: "npm run dev",
    again: "pnpm dev",
    round: "npm run round",
    fixed: "vite --port 3000",
    told: "vite --port $PORT",
    next: "next dev -p 3000",
    start: "astro dev",
    build: "vite build",
    shell: "sh -c vite",
    quoted: "vite 'my app'",
    mine: "node server.mjs",
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts }));
  mkdirSync(join(folder, "inside/deep"), { recursive: true });
  mkdirSync(join(folder, "other"));
  writeFileSync(join(folder, "other/package.json"), "{ this is no JSON");
});

function told(line: string, from = folder): string {
  return tellPort(line.split(" "), { port: 24_310, folder: from }).command.join(" ");
}

function given(line: string): number | null | undefined {
  return tellPort(line.split(" "), { port: 24_310, folder }).server?.given;
}

const VITE = "--port 24310 --strictPort";

describe("a server is told its port", () => {
  it.each([
    ["vite", VITE],
    ["vite --host", VITE],
    ["vite apps/web", VITE],
    ["vite preview", VITE],
    ["vite --strictPort", "--port 24310"],
    ["./node_modules/.bin/vite dev", VITE],
    ["node node_modules/vite/bin/vite.js", VITE],
    ["vp dev", VITE],
    ["vitepress dev docs", VITE],
    ["vitepress preview", "--port 24310"],
    ["react-router dev", VITE],
    ["remix vite:dev", VITE],
    ["astro dev", "--port 24310"],
    ["astro preview", "--port 24310"],
    ["ng serve", "--port 24310"],
    ["rsbuild dev", "--port 24310"],
    ["rspack serve", "--port 24310"],
    ["webpack serve --mode development", "--port 24310"],
    ["webpack-dev-server", "--port 24310"],
    ["wrangler dev", "--port 24310"],
    ["wrangler pages dev dist", "--port 24310"],
    ["storybook dev", "--port 24310"],
    ["start-storybook", "--port 24310"],
    ["expo start --web", "--port 24310"],
    ["react-native start", "--port 24310"],
    ["slidev", "--port 24310"],
    ["uvicorn app:app --reload", "--port 24310"],
    ["python -m uvicorn app:app", "--port 24310"],
    ["fastapi dev main.py", "--port 24310"],
    ["flask --app run run", "--port 24310"],
    ["flask run", "--port 24310"],
    ["python manage.py runserver", "24310"],
    ["./manage.py runserver -v 2 --noreload", "24310"],
    ["django-admin runserver --settings shop.settings", "24310"],
    ["python3 -m http.server -d public", "24310"],
    ["streamlit run app.py", "--server.port 24310"],
    ["php artisan serve", "--port 24310"],
    ["jekyll serve", "--port 24310"],
    ["bundle exec jekyll serve", "--port 24310"],
    ["hugo server -D", "--port 24310"],
  ])("%s", (line, added) => {
    expect(told(line)).toBe(`${line} ${added}`);
  });

  it.each([
    ["npx vite", VITE],
    ["npx --yes vite@8.3.8", VITE],
    ["npx @angular/cli serve", "--port 24310"],
    ["npx @angular/cli@20 serve", "--port 24310"],
    ["bunx vite", VITE],
    ["bunx --bun vite", VITE],
    ["pnpx vite", VITE],
    ["pnpm dlx vite", VITE],
    ["pnpm exec vite", VITE],
    ["pnpm vite", VITE],
    ["yarn vite", VITE],
    ["yarn dlx vite", VITE],
    ["bun x vite", VITE],
    ["npm exec vite", `-- ${VITE}`],
    ["npm exec -- vite --host", VITE],
    ["env A=b vite", VITE],
    ["cross-env A=b C=d vite", VITE],
    ["dotenv -e .env -- vite", VITE],
    ["poetry run uvicorn app:app", "--port 24310"],
    ["uv run flask run", "--port 24310"],
  ])("by who starts it: %s", (line, added) => {
    expect(told(line)).toBe(`${line} ${added}`);
  });

  it.each([
    ["npm run dev", `-- ${VITE}`],
    ["npm run-script dev", `-- ${VITE}`],
    ["npm run -s dev", `-- ${VITE}`],
    ["npm run dev -- --host", VITE],
    ["npm run dev:host", `-- ${VITE}`],
    ["npm start", "-- --port 24310"],
    ["pnpm dev", VITE],
    ["pnpm run dev --host", VITE],
    ["yarn dev", VITE],
    ["yarn run dev", VITE],
    ["bun run dev", VITE],
    ["bun dev", VITE],
    ["node --run dev", `-- ${VITE}`],
    ["node --run dev -- --host", VITE],
    ["npm run checked", `-- ${VITE}`],
    ["npm run both", `-- ${VITE}`],
    ["npm run logged", `-- ${VITE}`],
    ["npm run quoted", `-- ${VITE}`],
    ["npm run twice", `-- -- ${VITE}`],
    ["yarn twice", `-- ${VITE}`],
    ["npm run again", `-- ${VITE}`],
    ["npm --prefix . run dev", `-- ${VITE}`],
    ["pnpm -C . dev", VITE],
    ["yarn --cwd=. dev", VITE],
  ])("through a script: %s", (line, added) => {
    expect(told(line)).toBe(`${line} ${added}`);
  });

  it("through a script of the nearest package, upward", () => {
    expect(told("npm run dev", join(folder, "inside/deep"))).toBe(`npm run dev -- ${VITE}`);
    expect(told("npm --prefix .. run dev", join(folder, "other"))).toBe(`npm --prefix .. run dev -- ${VITE}`);
    expect(told("npm run dev", join(folder, "other"))).toBe("npm run dev");
  });
});

describe("nothing is added", () => {
  it.each([
    "vite build",
    "vite optimize",
    "astro build",
    "astro add dev",
    "ng build",
    "wrangler deploy",
    "vp build",
    "webpack",
    "rails generate controller server",
    "flask routes",
    "python app.py",
    "node server.mjs",
    "npm run build",
    "npm run piped",
    "npm run behind",
    "npm run commented",
    "npm run grouped",
    "npm run shell",
    "npm run mine",
    "npm run nothing",
    "npm run round",
    "npm install vite",
    "npm",
    "npm run dev -w web",
    "npm exec -c vite",
    "pnpm --filter web dev",
    "yarn workspace web dev",
    "npx -p vite vite",
    "npx",
    "pnpm dlx",
    "sh -c vite",
    "moorage run -- vite",
    "true",
    "vite -- x",
    "node vite.js",
    "env",
    "cross-env A=b",
    "python",
    "node --run",
    "node --run dev --host",
  ])("to %s", (line) => {
    expect(told(line)).toBe(line);
  });

  it.each([
    ["vite --port 3000", 3000],
    ["vite --port=3000 --host", 3000],
    ["npm run fixed", 3000],
    ["npm run dev -- --port 3000", 3000],
    ["npm run fixed -- --port 24310", 24_310],
    ["storybook dev -p 6006", 6006],
    ["storybook dev -p6006", 6006],
    ["npm run next", 3000],
    ["next dev --port=3000", 3000],
    ["python manage.py runserver 8000", 8000],
    ["python manage.py runserver 0.0.0.0:8000", 8000],
    ["python -m http.server 8000", 8000],
    ["serve -l 5000", 5000],
    ["rails s -p 3000", 3000],
  ])("to what is given a number: %s", (line, port) => {
    expect(told(line)).toBe(line);
    expect(given(line)).toBe(port);
  });

  it.each(["vite --port $PORT", "npm run told", "next dev", "rails server", "vite --port"])(
    "to what reads PORT, or is given no number: %s",
    (line) => {
      expect(told(line)).toBe(line);
      expect(given(line)).toBe(null);
    },
  );
});

describe("the last command of a line", () => {
  it.each<[string, string[] | undefined]>([
    ["vite", ["vite"]],
    ["  vite   --host  ", ["vite", "--host"]],
    ["a && b || c; d", ["d"]],
    ["a&&b", ["b"]],
    ["A=1 B='2 3' c", ["c"]],
    ["a >b 2>&1 <c d", ["a", "d"]],
    ["a 2>/dev/null", ["a"]],
    ["a &> b c", ["a", "c"]],
    [`a 'b c' "d \\"e" f\\ g`, ["a", "b c", 'd "e', "f g"]],
    ["a ${B:-c d} $E", ["a", "${B:-c d}", "$E"]],
    ["a#b", ["a#b"]],
    ["for x in 1 2; do vite; done", ["done"]],
    ["{ vite; }", ["}"]],
    ["", undefined],
    ["A=1", undefined],
    ["a &", undefined],
    ["a;", undefined],
    ["a # b", undefined],
    ["(a)", undefined],
    ["a $(b)", undefined],
    ['a "$(b)"', undefined],
    ["a `b`", undefined],
    ["a <<EOF", undefined],
    ["a 'b", undefined],
    ['a "b', undefined],
  ])("of %j", (line, words) => {
    expect(lastCommand(line)).toEqual(words);
  });
});

it("no program is in the table twice with the same command", () => {
  const all = SERVERS.flatMap(({ programs, serves }) =>
    programs.flatMap((program) => (serves ?? [""]).map((command) => `${program} ${command}`)),
  );
  expect(new Set(all).size).toBe(all.length);
});

it("docs/run.md says of each server what is added", () => {
  const page = readFileSync(new URL("../../docs/run.md", import.meta.url), "utf8");
  const said = [...page.matchAll(/^\| (`.*?) +\| (.*?) +\|$/gmu)].flatMap(([, cell, added]) =>
    [...cell!.matchAll(/`(?:php |python3 -m )?(\S+?)(?: ([^`]+))?`/gu)].map(([, program, command]) => [
      [program, command ?? ""].join(" "),
      added,
    ]),
  );
  const rows = new Map(said as [string, string][]);
  for (const { programs, serves, flags, strict, readsPort } of SERVERS) {
    const key = readsPort ? `${programs[0]} ` : `${programs[0]} ${serves?.[0] ?? ""}`;
    const added = [
      ...(flags[0] === undefined ? [] : [flags[0]]),
      "N",
      ...(strict === undefined ? [] : [strict]),
    ];
    expect([key, rows.get(key)]).toEqual([
      key,
      readsPort ? "nothing: they read `PORT`" : `\`${added.join(" ")}\``,
    ]);
  }
});
