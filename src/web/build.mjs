// Bundles app/ into a folder (default dist/): node build.mjs [FOLDER]. The same sources give the same bytes: `make check-dashboard`
// holds dist/, which is kept in the repository, against them.
import {build} from "esbuild";
import {cpSync, mkdirSync, rmSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));

rmSync(out, {recursive: true, force: true});
mkdirSync(out, {recursive: true});
await build({
	absWorkingDir: here,
	entryPoints: {app: "app/main.jsx", style: "app/style.css"},
	outdir: out,
	bundle: true,
	minify: true,
	format: "esm",
	target: ["chrome111", "firefox115", "safari16"],
	jsx: "automatic",
	jsxImportSource: "preact",
	loader: {".json": "json", ".svg": "file"},
	legalComments: "eof",
	charset: "utf8",
	logLevel: "warning",
});
for (const file of ["index.html", "icon.svg"])
	cpSync(join(here, file), join(out, file));
