// Uppy: every file goes through a workflow before an uploader gets it.
//
//   addPixelmill(new Uppy(), await connect({ base }), workflow);

export function addPixelmill(uppy, client, workflow) {
  const progress = { mode: "indeterminate", message: "Preparing pictures" };
  uppy.addPreProcessor(async (ids) => {
    for (const id of ids) {
      const { data, name, type } = uppy.getFile(id);
      uppy.emit("preprocess-progress", uppy.getFile(id), progress);
      const [result] = await client.processFile(new File([data], name, { type }), workflow);
      uppy.setFileState(id, { data: result, name: result.name, type: result.type, size: result.size });
      uppy.emit("preprocess-complete", uppy.getFile(id));
    }
  });
  return uppy;
}
