/**
 * A build step that leaves out the parts of Cornerstone3D that a film on a page never reaches: DICOM writing, meshes,
 * volumes, videos, slides, and the WebGPU twin of the WebGL drawing. It makes the drawing two thirds smaller.
 *
 * Trap: each replacement must keep the names that others import. The versions are pinned, the build fails where a
 * name is missing, and the tests draw films on both ways; look here first when a version is raised.
 */
const NOTHING = "export default {};";

/** Modules by the end of their path, and what stands in their place. */
const REPLACED = [
  [
    /[\\/]dcmjs[\\/]build[\\/]dcmjs\.es\.js$/,
    `import log from "loglevel";
     export { log };
     export const constants = {};
     class DicomMetadataListener {}
     const none = { dictionary: {}, nameMap: new Proxy({}, { get: () => ({ tag: "(0000,0000)" }) }) };
     export default { async: {}, data: { DicomMetaDictionary: none }, utilities: { DicomMetadataListener } };`,
  ],
  [
    /[\\/]dicom-image-loader[\\/].*[\\/]decodeJPEGXL\.js$/, // which hilum.imaging does not read either
    `export default async () => { throw new Error("no decoder for JPEG XL"); };`,
  ],
  [/[\\/]vtk\.js[\\/]Rendering[\\/]WebGPU[\\/]Profiles[\\/]\w+\.js$/, "export {};"],
  [/[\\/]vtk\.js[\\/]IO[\\/](XML|Geometry|Misc)[\\/]\w+\.js$/, NOTHING],
  [
    /[\\/]core[\\/]dist[\\/]esm[\\/]RenderingEngine[\\/]helpers[\\/]viewportTypeToViewportClass\.js$/,
    `import StackViewport from "../StackViewport.js";
     const only = { stack: StackViewport };
     export default only;
     export const isRegisteredViewportType = (type) => type in only;
     export const getViewportClassForInput = ({ type }) => only[type];
     export const registerViewportType = () => { throw new Error("this build has the stack viewport only"); };`,
  ],
];

export function absent() {
  return {
    name: "hilum-absent",
    enforce: "pre",
    load(id) {
      return REPLACED.find(([path]) => path.test(id))?.[1] ?? null;
    },
  };
}
