/**
 * Builds the viewer into the folder that the package ships, or into HILUM_VIEWER_OUT for a check.
 *
 * Traps: Cornerstone3D asks for Node's `events` and `url`, which must be aliased or the page stays blank though
 * the build passes; workers must be ES modules, since the decoders are loaded lazily.
 */
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { defineConfig } from "vite";
import { absent } from "./absent.js";
import { notices, remembered } from "./notices.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const modules = resolve(here, "node_modules");
const out = process.env.HILUM_VIEWER_OUT ?? resolve(here, "../src/hilum/web/static/viewer");

const names = {
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  assetFileNames: "[name]-[hash][extname]",
};

export default defineConfig({
  root: here,
  base: "./",
  publicDir: false,
  resolve: {
    alias: {
      events: resolve(modules, "events/events.js"),
      url: resolve(modules, "url/url.js"),
      "@loader": resolve(modules, "@cornerstonejs/dicom-image-loader/dist/esm"),
    },
  },
  worker: {
    format: "es",
    plugins: () => [absent(), remembered()],
    rollupOptions: { output: { ...names, entryFileNames: "[name]-[hash].js" } },
  },
  plugins: [absent(), notices()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rollupOptions: {
      input: { "film-viewer": resolve(here, "src/film-viewer.js") },
      preserveEntrySignatures: "strict",
      output: names,
    },
  },
});
