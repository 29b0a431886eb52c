// A picture field of a content management system: the editor picks a picture, gets it cut out, and the host uploads it.
//
//   pictureField(document.querySelector("#picture"), await connect({ base }), workflow, (file) => fetch(…));

export function pictureField(field, client, workflow, upload) {
  const [input, status, preview] = ["input[type=file]", "[role=status]", "img"].map((part) => field.querySelector(part));
  input.addEventListener("change", async () => {
    const [picked] = input.files;
    if (!picked) return;
    status.textContent = "Preparing the picture…";
    try {
      const [result] = await client.processFile(picked, workflow);
      URL.revokeObjectURL(preview.src);
      preview.src = URL.createObjectURL(result);
      await upload(result);
      status.textContent = `${result.name} was saved.`;
    } catch (error) {
      status.textContent = error.hint ? `${error.message} ${error.hint}` : error.message;
    }
  });
}
