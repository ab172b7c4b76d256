// Unpacks the npm package @sparticuz/chromium: node unpack_chromium.mjs <its bin folder> <target folder>
// Leaves <target>/chromium, its shared libraries in <target>/lib, and <target>/fonts.conf, a fontconfig file
// that shows text on a machine without any font: the package's own, the font packages beside it, then the system's.
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [source, target] = process.argv.slice(2).map((path) => resolve(path));
const tar = createRequire(join(source, "index.js"))("tar-fs");
const packages = resolve(source, "../../..");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const unpack = (name, sink) => pipeline(createReadStream(join(source, name)), createBrotliDecompress(), sink);
await Promise.all([
  unpack("chromium.br", createWriteStream(join(target, "chromium"), { mode: 0o755 })),
  unpack("swiftshader.tar.br", tar.extract(target)),
  unpack("al2023.tar.br", tar.extract(target)),
  unpack("fonts.tar.br", tar.extract(target)),
]);

const folders = [join(target, "fonts"), join(packages, "dejavu-fonts-ttf"), join(packages, "@expo-google-fonts/noto-emoji")];
const prefer = (family, ...fonts) =>
  `  <alias binding="strong"><family>${family}</family><prefer>${fonts.map((font) => `<family>${font}</family>`).join("")}</prefer></alias>`;
writeFileSync(
  join(target, "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${folders.map((folder) => `  <dir>${folder}</dir>`).join("\n")}
  <cachedir>${join(target, "fonts-cache")}</cachedir>
${prefer("sans-serif", "Open Sans", "DejaVu Sans")}
${prefer("Segoe UI", "Open Sans", "DejaVu Sans")}
${prefer("monospace", "DejaVu Sans Mono")}
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
`,
);
